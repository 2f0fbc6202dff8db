#include "agent/inventory/document.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "agent/inventory/document_builder.h"

namespace footfall {
namespace {

using NodeKind = DocumentNode::Kind;

// What a reader says is wrong, and where.
struct Fault {
    std::uint32_t line = 1;
    std::string what;
};

// --- YAML -----------------------------------------------------------------------------------------------------------

std::uint32_t line_of(const YAML::Mark& mark) { return static_cast<std::uint32_t>(std::max(mark.line, 0)) + 1; }

class YamlEvents final : public YAML::EventHandler {
public:
    explicit YamlEvents(DocumentBuilder& builder) : builder_(builder) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { name(anchor, builder_.nothing(line_of(mark))); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known != anchors_.end()) return builder_.again(line_of(mark), known->second);
        builder_.nothing(line_of(mark));
    }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string& value) override {
        name(anchor, builder_.text(line_of(mark), value));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        name(anchor, builder_.begin(line_of(mark), NodeKind::kList));
    }
    void OnSequenceEnd() override { builder_.end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        name(anchor, builder_.begin(line_of(mark), NodeKind::kMap));
    }
    void OnMapEnd() override { builder_.end(); }

private:
    void name(YAML::anchor_t anchor, const DocumentNode* node) {
        if (anchor != 0) anchors_[anchor] = node;
    }

    DocumentBuilder& builder_;
    std::map<YAML::anchor_t, const DocumentNode*> anchors_;
};

std::optional<Fault> read_yaml_events(std::string_view text, DocumentBuilder& builder) {
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        YamlEvents events(builder);
        parser.HandleNextDocument(events);
    } catch (const YAML::DeepRecursion& error) {
        return Fault{line_of(error.mark), "nested too deeply"};
    } catch (const YAML::Exception& error) {
        return Fault{line_of(error.mark), "not valid YAML: " + error.msg};
    }
    return std::nullopt;
}

// --- JSON -----------------------------------------------------------------------------------------------------------

// Counts the lines that it has passed: the reader's events come without a place.
class LineCounter {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    LineCounter(const char* at, std::uint32_t& line) : at_(at), line_(&line) {}

    reference operator*() const { return *at_; }
    LineCounter& operator++() {
        if (*at_ == '\n') ++*line_;
        ++at_;
        return *this;
    }
    bool operator==(const LineCounter& other) const { return at_ == other.at_; }
    bool operator!=(const LineCounter& other) const { return at_ != other.at_; }

private:
    const char* at_;
    std::uint32_t* line_;
};

class JsonEvents final : public nlohmann::json_sax<nlohmann::json> {
public:
    JsonEvents(DocumentBuilder& builder, const std::uint32_t& line) : builder_(builder), line_(line) {}

    bool null() override { return builder_.nothing(line_), true; }
    bool boolean(bool value) override { return put(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return put(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return put(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) override { return put(text); }
    bool string(string_t& value) override { return put(std::move(value)); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return begin(NodeKind::kMap); }
    bool key(string_t& value) override { return put(std::move(value)); }
    bool end_object() override { return end(); }
    bool start_array(std::size_t) override { return begin(NodeKind::kList); }
    bool end_array() override { return end(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
        const std::string_view what = error.what();
        const std::size_t colon = what.find(": ");
        fault_ = Fault{line_, "not valid JSON: " + std::string(colon == what.npos ? what : what.substr(colon + 2))};
        return false;
    }

    [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }

private:
    bool put(std::string text) { return builder_.text(line_, std::move(text)), true; }
    bool begin(NodeKind kind) { return builder_.begin(line_, kind), true; }
    bool end() { return builder_.end(), true; }

    DocumentBuilder& builder_;
    const std::uint32_t& line_;
    std::optional<Fault> fault_;
};

std::optional<Fault> read_json_events(std::string_view text, DocumentBuilder& builder) {
    std::uint32_t line = 1;
    JsonEvents events(builder, line);
    const char* const end = text.data() + text.size();
    nlohmann::json::sax_parse(LineCounter(text.data(), line), LineCounter(end, line), &events);
    return events.fault();
}

bool is_json(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

const DocumentNode* DocumentNode::find(std::string_view key) const {
    if (!is_map()) return nullptr;
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const DocumentEntry& e) { return e.key == key; });
    return entry == entries.end() ? nullptr : entry->value;
}

std::string Document::place(std::uint32_t line) const { return fmt::format("{}:{}", file_, line); }

tl::unexpected<Error> Document::wrong(std::uint32_t line, const std::string& what, std::string fix) const {
    return failure(place(line) + ": " + what, std::move(fix), ExitCode::kBadConfig);
}

Result<Document> Document::parse(const std::string& file, std::string_view text) {
    Document document(file);
    DocumentBuilder builder(document.nodes_);
    std::optional<Fault> fault;
    try {
        fault = is_json(text) ? read_json_events(text, builder) : read_yaml_events(text, builder);
    } catch (const TooManyNodes&) {
        fault = Fault{document.nodes_.back().line, "more than four million values: too large"};
    }
    if (fault) return document.wrong(fault->line, fault->what);
    document.root_ = builder.root();
    if (document.root_ == nullptr) document.root_ = &document.nodes_.emplace_back();
    return document;
}

}  // namespace footfall
