// Header blocks against libnghttp2's inflater: as long as that accepts them, what is read of them is the same. A reader that
// joins after the first block never reads anything else, either; it may only not know. The input is blocks, each behind a
// byte that says how long it is.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/http2/header_block.h"

namespace footfall::http2 {
namespace {

struct Truth {
    std::optional<std::string> method;
    std::optional<std::string> path;
    std::optional<std::string> status;
    std::optional<std::string> grpc_status;
};

class Oracle {
public:
    Oracle() { nghttp2_hd_inflate_new(&inflater_); }
    ~Oracle() { nghttp2_hd_inflate_del(inflater_); }
    Oracle(const Oracle&) = delete;
    Oracle& operator=(const Oracle&) = delete;

    // None: it refuses the block.
    std::optional<Truth> read(std::string_view block) {
        Truth truth;
        const auto* next = reinterpret_cast<const std::uint8_t*>(block.data());
        std::size_t left = block.size();
        for (;;) {
            nghttp2_nv field;
            int flags = 0;
            const auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, next, left, 1);
            if (used < 0) return std::nullopt;
            next += used;
            left -= static_cast<std::size_t>(used);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) note(field, truth);
            if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) return std::nullopt;
        }
        nghttp2_hd_inflate_end_headers(inflater_);
        return truth;
    }

private:
    static void note(const nghttp2_nv& field, Truth& truth) {
        const std::string name(reinterpret_cast<const char*>(field.name), field.namelen);
        const std::string value(reinterpret_cast<const char*>(field.value), field.valuelen);
        if (name == ":method") truth.method = value;
        if (name == ":path") truth.path = value;
        if (name == ":status") truth.status = value;
        if (name == "grpc-status") truth.grpc_status = value;
    }

    nghttp2_hd_inflater* inflater_ = nullptr;
};

bool is_number(const std::string& text) {
    return !text.empty() && text.size() < 4 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void check(bool holds) {
    if (!holds) std::abort();
}

bool is_same(std::string_view seen, const std::optional<std::string>& truth, std::size_t limit) {
    return seen == std::string_view(truth ? *truth : std::string_view()).substr(0, limit);
}

void compare(const Head& head, const Truth& truth) {
    // Of a field that is there twice the latest known one counts: what is not known may be a later one.
    if (head.unresolved) return;
    check(is_same(head.method.view(), truth.method, kMethodLimit));
    check(is_same(head.path.view(), truth.path, kTargetLimit));
    if (truth.status && is_number(*truth.status)) check(head.status == static_cast<std::uint16_t>(std::stoi(*truth.status)));
    if (truth.grpc_status && is_number(*truth.grpc_status)) {
        check(head.grpc_status == static_cast<std::uint16_t>(std::stoi(*truth.grpc_status)));
    }
    check(truth.grpc_status.has_value() == head.grpc_status.has_value());
}

}  // namespace
}  // namespace footfall::http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace footfall::http2;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    Oracle oracle;
    HpackTable table;
    HpackTable late;
    auto head = std::make_unique<Head>();
    for (bool first = true; !input.empty(); first = false) {
        const std::size_t length = static_cast<std::uint8_t>(input.front());
        input.remove_prefix(1);
        const std::string_view block = input.substr(0, length);
        input.remove_prefix(block.size());
        const auto truth = oracle.read(block);
        *head = Head{};
        const BlockResult result = read_block(block, true, table, *head);
        if (!truth) return 0;
        check(result == BlockResult::kWhole);
        check(!head->unresolved);
        compare(*head, *truth);
        if (first) continue;
        *head = Head{};
        check(read_block(block, true, late, *head) == BlockResult::kWhole);
        compare(*head, *truth);
    }
    return 0;
}
