#include "agent/inventory/inventory_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "agent/base/fd.h"
#include "agent/inventory/document.h"
#include "agent/inventory/openapi.h"
#include "agent/inventory/proto_services.h"
#include "agent/inventory/sql_tables.h"
#include "agent/processes/small_file.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {
namespace {

constexpr std::size_t kMostInventoryBytes = std::size_t{64} << 20U;

struct KindPrefix {
    std::string_view word;
    InventoryFileKind kind;
};
constexpr std::array<KindPrefix, 6> kPrefixes{{{"openapi:", InventoryFileKind::kOpenApi},
                                               {"proto:", InventoryFileKind::kProto},
                                               {"protoset:", InventoryFileKind::kProtoset},
                                               {"binary:", InventoryFileKind::kBinary},
                                               {"sql:", InventoryFileKind::kSql},
                                               {"list:", InventoryFileKind::kList}}};

struct Asked {
    std::string file;
    std::optional<InventoryFileKind> kind;
};

Asked asked(const std::string& word) {
    const auto* const prefix =
        std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](const KindPrefix& one) { return word.starts_with(one.word); });
    if (prefix == kPrefixes.end()) return {word, std::nullopt};
    return {word.substr(prefix->word.size()), prefix->kind};
}

re2::StringPiece as_piece(std::string_view text) { return {text.data(), text.size()}; }

// Steps over white space and comments as .proto has them.
std::string_view first_statement(std::string_view text) {
    while (true) {
        const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        text.remove_prefix(begin);
        const std::string_view end = text.starts_with("//") ? "\n" : text.starts_with("/*") ? "*/" : "";
        if (end.empty()) return text;
        const std::size_t close = text.find(end);
        if (close == std::string_view::npos) return {};
        text.remove_prefix(close + end.size());
    }
}

bool is_proto(std::string_view text) {
    static const RE2 kStatement(
        "^((syntax|edition)\\s*=|package\\s+[\\w.]+\\s*;|import\\s+((public|weak)\\s+)?[\"']|option\\s+[\\w.()]+\\s*=|"
        "(message|service|enum)\\s+\\w+\\s*\\{|extend\\s+[\\w.]+\\s*\\{)");
    return RE2::PartialMatch(as_piece(first_statement(text)), kStatement);
}

bool says_openapi(std::string_view text) {
    static const RE2 kKey("(?m)^[\"']?(openapi|swagger)[\"']?\\s*:");
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return RE2::PartialMatch(as_piece(text), kKey) || (first != std::string_view::npos && text[first] == '{');
}

tl::unexpected<Error> cannot_read(const std::string& file, int error) {
    return system_failure("cannot read " + file, error, "an inventory is [openapi:|proto:|protoset:|binary:|sql:|list:]FILE",
                          ExitCode::kNoTarget);
}

Result<Inventory> read_binary(const std::string& file) {
    const Fd elf(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!elf.valid()) return cannot_read(file, errno);
    SymbolizerClient worker;
    const auto methods = worker.grpc_methods(elf.get());
    if (!methods) {
        return failure(fmt::format("cannot look for descriptors in {}: {}", file, text_of(methods.error())), {},
                       ExitCode::kBadConfig);
    }
    if (methods->empty()) {
        return failure(file + ": no descriptor in it has a service",
                       "programs of C++ and Go carry them; give the .proto, or a protoset", ExitCode::kBadConfig);
    }
    Inventory inventory;
    for (const std::string& method : *methods) inventory.items.push_back(grpc_item(method, file));
    inventory.leave_out_repeated();
    return inventory;
}

Result<Inventory> read_one(const std::string& word) {
    const Asked file = asked(word);
    if (file.kind == InventoryFileKind::kBinary) return read_binary(file.file);
    auto bytes = read_small_file(file.file, kMostInventoryBytes);
    if (!bytes) return cannot_read(file.file, bytes.error());
    const InventoryFileKind kind = file.kind.value_or(guess_kind(*bytes));
    if (kind == InventoryFileKind::kBinary) return read_binary(file.file);
    if (bytes->size() == kMostInventoryBytes)
        return failure(file.file + " is too large for an inventory: 64 MiB", {}, ExitCode::kBadConfig);
    return parse_inventory(file.file, *bytes, kind,
                           [](const std::string& other) { return read_small_file(other, kMostInventoryBytes); });
}

}  // namespace

InventoryFileKind guess_kind(std::string_view bytes) {
    if (bytes.starts_with("\x7f"
                          "ELF"))
        return InventoryFileKind::kBinary;
    if (is_descriptor_set(bytes)) return InventoryFileKind::kProtoset;
    if (is_proto(bytes)) return InventoryFileKind::kProto;
    if (says_openapi(bytes)) return InventoryFileKind::kOpenApi;
    return has_create_table(bytes) ? InventoryFileKind::kSql : InventoryFileKind::kList;
}

Result<Inventory> parse_inventory(const std::string& file, std::string_view bytes, InventoryFileKind kind, ReadFile read) {
    switch (kind) {
        case InventoryFileKind::kOpenApi:
            return Document::parse(file, bytes).and_then([&](const Document& document) {
                return read_openapi(document, std::move(read));
            });
        case InventoryFileKind::kProto:
            return read_proto(file, bytes);
        case InventoryFileKind::kProtoset:
            return read_descriptor_set(file, bytes);
        case InventoryFileKind::kSql:
            return read_sql_tables(file, bytes);
        case InventoryFileKind::kBinary:
        case InventoryFileKind::kList:
            break;
    }
    if (bytes.find('\0') != std::string_view::npos) {
        return failure(file + ": neither text nor anything else that is read here",
                       "an API description, a .proto, a protoset, a program, a schema, or a list", ExitCode::kBadConfig);
    }
    return plain_list(bytes, file);
}

Result<Inventory> read_inventory(const std::vector<std::string>& words) {
    Inventory all;
    for (const std::string& word : words) {
        auto one = read_one(word);
        if (!one) return one;
        all.add(*std::move(one));
    }
    all.leave_out_repeated();
    return all;
}

}  // namespace footfall
