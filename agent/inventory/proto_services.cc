#include "agent/inventory/proto_services.h"

#include <fmt/format.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <limits>
#include <optional>
#include <utility>

namespace footfall {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptorProto;
using google::protobuf::ServiceDescriptorProto;

constexpr std::string_view kProto = ".proto";

// Keeps the first thing that is wrong: what follows is mostly a consequence of it.
class FirstError final : public google::protobuf::io::ErrorCollector {
public:
    void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& message) override {
        if (!what_) what_ = fmt::format("{}: {}", line + 1, message);
    }
    // "LINE: what"
    [[nodiscard]] const std::optional<std::string>& what() const { return what_; }

private:
    std::optional<std::string> what_;
};

std::string full_name(const FileDescriptorProto& file, const ServiceDescriptorProto& service,
                      const MethodDescriptorProto& method) {
    const std::string package = file.package().empty() ? "" : file.package() + ".";
    return package + service.name() + "/" + method.name();
}

// The first line that is nested deeper than any file is; 0: there is none. The parser calls itself for each message in
// another one, without end.
int too_deep_line(std::string_view text) {
    constexpr int kDeepest = 100;
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    FirstError ignored;
    google::protobuf::io::Tokenizer tokenizer(&stream, &ignored);
    int depth = 0;
    while (tokenizer.Next()) {
        const std::string& token = tokenizer.current().text;
        depth += token == "{" || token == "<" ? 1 : token == "}" || token == ">" ? -1 : 0;
        if (depth > kDeepest) return tokenizer.current().line + 1;
    }
    return 0;
}

tl::unexpected<Error> no_service(const std::string& file) {
    return failure(file + ": no service in it, so nothing that could be called",
                   "give the file that has 'service … { rpc … }'", ExitCode::kBadConfig);
}

}  // namespace

InventoryItem grpc_item(std::string_view method, std::string place) {
    return {fmt::format("grpc {}", method), InventoryItem::Means::kName, {}, {}, std::move(place)};
}

Result<Inventory> read_proto(const std::string& file, std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return failure(file + ": too large", {}, ExitCode::kBadConfig);
    if (const int line = too_deep_line(text); line > 0)
        return failure(fmt::format("{}:{}: nested too deeply", file, line), {}, ExitCode::kBadConfig);
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    FirstError error;
    google::protobuf::io::Tokenizer tokenizer(&stream, &error);
    google::protobuf::compiler::Parser parser;
    google::protobuf::compiler::SourceLocationTable lines;
    parser.RecordErrorsTo(&error);
    parser.RecordSourceLocationsTo(&lines);
    FileDescriptorProto described;
    if (!parser.Parse(&tokenizer, &described) || error.what())
        return failure(fmt::format("{}:{}", file, error.what().value_or("1: no .proto")), {}, ExitCode::kBadConfig);
    Inventory inventory;
    for (const ServiceDescriptorProto& service : described.service()) {
        for (const MethodDescriptorProto& method : service.method()) {
            int line = 0;
            int column = 0;
            lines.Find(&method, google::protobuf::DescriptorPool::ErrorCollector::NAME, &line, &column);
            inventory.items.push_back(
                grpc_item(full_name(described, service, method), fmt::format("{}:{}", file, line + 1)));
        }
    }
    if (inventory.items.empty()) return no_service(file);
    inventory.leave_out_repeated();
    return inventory;
}

// Field 1 of the set, a file; its field 1, the name.
bool is_descriptor_set(std::string_view bytes) {
    constexpr char kFirstField = '\x0a';
    if (!bytes.starts_with(kFirstField)) return false;
    bytes.remove_prefix(1);
    while (!bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0) bytes.remove_prefix(1);
    if (bytes.size() < 3 || bytes[1] != kFirstField) return false;
    const auto length = static_cast<unsigned char>(bytes[2]);
    return bytes.substr(3, length).ends_with(kProto);
}

Result<Inventory> read_descriptor_set(const std::string& file, std::string_view bytes) {
    const google::protobuf::LogSilencer quiet;
    google::protobuf::FileDescriptorSet set;
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        !set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return failure(file + ": not a whole FileDescriptorSet", "make it with: protoc -o FILE --include_imports …",
                       ExitCode::kBadConfig);
    }
    Inventory inventory;
    for (const FileDescriptorProto& described : set.file()) {
        for (const ServiceDescriptorProto& service : described.service()) {
            for (const MethodDescriptorProto& method : service.method())
                inventory.items.push_back(grpc_item(full_name(described, service, method), file + ":" + described.name()));
        }
    }
    if (inventory.items.empty()) return no_service(file);
    inventory.leave_out_repeated();
    return inventory;
}

}  // namespace footfall
