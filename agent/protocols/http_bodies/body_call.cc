#include "agent/protocols/http_bodies/body_call.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/protocols/http_bodies/json_scan.h"

namespace footfall {
namespace {

constexpr std::size_t kLongestName = 56;
constexpr std::size_t kTelling = 512;  // bytes of a body in which what it is has to show
constexpr std::array<std::string_view, 3> kOperationTypes{"query", "mutation", "subscription"};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
bool is_method_byte(char c) { return is_word(c) || c == '.' || c == '/' || c == '-' || c == ':' || c == '$'; }

template <typename Predicate>
bool is_name(std::string_view text, Predicate&& allowed) {
    return !text.empty() && text.size() <= kLongestName && std::all_of(text.begin(), text.end(), allowed);
}

std::string_view trimmed_front(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

// A GraphQL document as it stands in JSON: white space may be escaped. Comments and commas are white space too.
class Document {
public:
    explicit Document(std::string_view text) : rest_(text) {}

    void skip_space() {
        while (!rest_.empty()) {
            const std::string_view two = rest_.substr(0, 2);
            if (two == "\\n" || two == "\\t" || two == "\\r") {
                rest_.remove_prefix(2);
            } else if (rest_.front() == '#') {
                skip_comment();
            } else if (rest_.front() == ' ' || rest_.front() == ',') {
                rest_.remove_prefix(1);
            } else {
                return;
            }
        }
    }
    std::string_view take_word() {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
        const std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(word.size());
        // One that the capture cut may be any other.
        return rest_.empty() ? std::string_view{} : word;
    }
    [[nodiscard]] bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
    // To the selection: behind variables and directives.
    bool skip_to_selection() {
        const std::size_t brace = rest_.find('{');
        if (brace == std::string_view::npos) return false;
        rest_.remove_prefix(brace + 1);
        return true;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    void skip_comment() {
        const std::size_t end = rest_.find("\\n");
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
    }

    std::string_view rest_;
};

struct GraphqlOperation {
    std::string_view type;
    std::string_view name;   // empty: it has none
    std::string_view field;  // the first one of its selection
};

std::optional<GraphqlOperation> graphql_operation(std::string_view text) {
    Document document(text);
    document.skip_space();
    GraphqlOperation operation{.type = kOperationTypes[0], .name = {}, .field = {}};
    if (!document.at('{')) {
        const std::string_view word = document.take_word();
        const auto* const type = std::find(kOperationTypes.begin(), kOperationTypes.end(), word);
        if (type == kOperationTypes.end()) return std::nullopt;
        operation.type = *type;
        document.skip_space();
        operation.name = document.take_word();
        document.skip_space();
        if (document.rest().find_first_of("({@") != 0) return std::nullopt;
    }
    if (!document.skip_to_selection()) return operation.name.empty() ? std::nullopt : std::optional(operation);
    document.skip_space();
    operation.field = document.take_word();
    return operation;
}

// What the members of one JSON object say.
struct Called {
    std::string_view method;
    std::string_view document;
    std::string_view operation_name;
    bool is_json_rpc = false;
};

Called called_by(JsonScan& scan) {
    Called called;
    JsonScan::Member member;
    while (scan.next(member)) {
        if (member.key == "jsonrpc") called.is_json_rpc = true;
        if (member.key == "query") called.document = member.text;
        if (!member.whole) return called;
        if (member.key == "method") called.method = member.text;
        if (member.key == "operationName") called.operation_name = member.text;
    }
    return called;
}

bool write_graphql(const Called& called, std::string& out) {
    const auto operation = graphql_operation(called.document);
    const bool named = is_name(called.operation_name, is_word);
    if (!operation) {
        // A stored document is called by its name alone; fragments may stand in front of the operation.
        const bool stored = called.document.empty() || called.document.starts_with("fragment ");
        if (named && stored && !called.is_json_rpc) out += called.operation_name;
        return named && stored && !called.is_json_rpc;
    }
    const std::string_view name = named ? called.operation_name : operation->name;
    out += operation->type;
    if (is_name(name, is_word)) {
        out.append(" ").append(name);
    } else if (is_name(operation->field, is_word)) {
        out.append(" {").append(operation->field).append("}");
    }
    return true;
}

bool write_call(const Called& called, std::string& out) {
    if (called.is_json_rpc && is_name(called.method, is_method_byte)) {
        out += called.method;
        return true;
    }
    return write_graphql(called, out);
}

}  // namespace

bool may_name_call(std::string_view front) {
    front = trimmed_front(front).substr(0, kTelling);
    if (front.empty() || (front.front() != '{' && front.front() != '[')) return false;
    for (const std::string_view key : {"\"jsonrpc\"", "\"query\"", "\"operationName\""}) {
        if (front.find(key) != std::string_view::npos) return true;
    }
    return false;
}

void append_body_call(std::string_view body, std::string& out) {
    body = trimmed_front(body.substr(0, kBodyLooked));
    const bool batch = body.starts_with('[');
    if (batch) body = trimmed_front(body.substr(1));
    JsonScan scan(body);
    if (write_call(called_by(scan), out) && batch && trimmed_front(scan.rest()).starts_with(',')) out += " …";
}

}  // namespace footfall
