#include "symbolizer/descriptors/descriptor_scan.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "symbolizer/descriptors/gzip_member.h"

namespace footfall {
namespace {

using google::protobuf::FileDescriptorProto;

constexpr std::string_view kEnding = ".proto";
constexpr std::size_t kLongestFileName = 1024;
constexpr std::size_t kLongestDescription = std::size_t{16} << 20U;
constexpr std::size_t kMostInflated = std::size_t{64} << 20U;  // of all compressed ones
constexpr char kFirstField = '\x0a';                           // 1, bytes
constexpr unsigned kVarint = 0;
constexpr unsigned kBytes = 2;

// The fields of FileDescriptorProto by number: may they come, and again?
enum class Field : std::uint8_t { kNone, kOnce, kOften, kOnceVarint, kOftenVarint };
constexpr std::array<Field, 15> kFields{
    Field::kNone,         // 0
    Field::kOnce,         // 1 name
    Field::kOnce,         // 2 package
    Field::kOften,        // 3 dependency
    Field::kOften,        // 4 message_type
    Field::kOften,        // 5 enum_type
    Field::kOften,        // 6 service
    Field::kOften,        // 7 extension
    Field::kOnce,         // 8 options
    Field::kOnce,         // 9 source_code_info
    Field::kOftenVarint,  // 10 public_dependency
    Field::kOftenVarint,  // 11 weak_dependency
    Field::kOnce,         // 12 syntax
    Field::kNone,         // 13 edition, in drafts only
    Field::kOnceVarint,   // 14 edition
};

bool is_printable(char c) { return c > ' ' && c <= '~'; }

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7FU} << shift;
        if ((byte & 0x80U) == 0) return value;
    }
    return std::nullopt;
}

// Takes a field off the front, if it may follow `last`; returns its number.
std::optional<std::uint64_t> take_field(std::string_view& bytes, std::uint64_t last) {
    std::string_view rest = bytes;
    const auto tag = take_varint(rest);
    if (!tag) return std::nullopt;
    const std::uint64_t number = *tag >> 3U;
    const auto wire = static_cast<unsigned>(*tag & 7U);
    if (number >= kFields.size() || number < last) return std::nullopt;
    const Field field = kFields.at(number);
    const bool varint = field == Field::kOnceVarint || field == Field::kOftenVarint;
    const bool often = field == Field::kOften || field == Field::kOftenVarint;
    if (field == Field::kNone || wire != (varint ? kVarint : kBytes) || (number == last && !often)) return std::nullopt;
    const auto value = take_varint(rest);
    if (!value) return std::nullopt;
    if (!varint) {
        if (*value > rest.size()) return std::nullopt;
        rest.remove_prefix(*value);
    }
    bytes = rest;
    return number;
}

// Where a description that begins here may end, the longest first.
std::vector<std::size_t> ends_of(std::string_view bytes) {
    constexpr std::size_t kTries = 4;  // what follows may look like a field or two
    const std::string_view all = bytes.substr(0, kLongestDescription);
    std::string_view rest = all;
    std::vector<std::size_t> ends;
    std::uint64_t last = 0;
    while (const auto number = take_field(rest, last)) {
        last = *number;
        ends.push_back(all.size() - rest.size());
    }
    std::reverse(ends.begin(), ends.end());
    ends.resize(std::min(ends.size(), kTries));
    return ends;
}

// Where the field begins whose text ends at `end`; nothing where no field 1 does.
std::optional<std::size_t> start_of_name(std::string_view bytes, std::size_t end) {
    for (std::size_t length = kEnding.size(); length <= std::min(end, kLongestFileName); ++length) {
        const std::size_t begin = end - length;
        if (!is_printable(bytes[begin])) return std::nullopt;
        const std::string_view before = bytes.substr(0, begin);
        const char low = static_cast<char>(length < 0x80 ? length : ((length & 0x7FU) | 0x80U));
        std::string header{kFirstField, low};
        if (length >= 0x80) header += static_cast<char>(length >> 7U);
        if (before.ends_with(header)) return begin - header.size();
    }
    return std::nullopt;
}

void keep_methods(const FileDescriptorProto& file, std::set<std::string>& methods) {
    const std::string package = file.package().empty() ? "" : file.package() + ".";
    for (const auto& service : file.service()) {
        for (const auto& method : service.method()) {
            if (methods.size() == DescriptorScan::kMostMethods) return;
            const std::string name = package + service.name() + "/" + method.name();
            if (std::all_of(name.begin(), name.end(), is_printable)) methods.insert(name);
        }
    }
}

}  // namespace

void DescriptorScan::look_through(std::string_view bytes) {
    const google::protobuf::LogSilencer quiet;  // of what turns out to be none
    look_through_plain(bytes);
    look_through_compressed(bytes);
}

void DescriptorScan::look_through_compressed(std::string_view bytes) {
    std::size_t budget = kMostInflated;
    std::size_t at = 0;
    while ((at = bytes.find(kGzipBegin, at)) != std::string_view::npos) {
        const auto inflated = inflate_member(bytes.substr(at), kFirstField, std::min(budget, kLongestDescription));
        at += kGzipBegin.size();
        if (!inflated) continue;
        budget -= inflated->size();
        look_through_plain(*inflated);
    }
}

void DescriptorScan::look_through_plain(std::string_view bytes) {
    std::size_t budget = 4 * bytes.size() + kLongestDescription;  // bytes to parse: each a few times, not for each begin
    std::size_t at = 0;
    while ((at = bytes.find(kEnding, at)) != std::string_view::npos) {
        at += kEnding.size();
        const auto start = start_of_name(bytes, at);
        if (!start) continue;
        const std::string_view from = bytes.substr(*start);
        for (const std::size_t size : ends_of(from)) {
            if (size > budget) return;
            budget -= size;
            FileDescriptorProto file;
            if (!file.ParseFromArray(from.data(), static_cast<int>(size))) continue;
            ++files;
            keep_methods(file, methods);
            at = std::max(at, *start + size);
            break;
        }
    }
}

}  // namespace footfall
