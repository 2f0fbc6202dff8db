#include "agent/usage/route_segment.h"

#include <algorithm>
#include <array>

#include "agent/usage/segment_kind.h"

namespace footfall {
namespace {

// The closed list keeps what a client puts after a dot from making names.
constexpr std::array<std::string_view, 24> kFileTypes{"js",   "css",  "png", "jpg", "jpeg", "gif",   "svg",  "webp",
                                                      "ico",  "html", "htm", "php", "json", "xml",   "txt",  "map",
                                                      "woff", "ttf",  "pdf", "zip", "mp4",  "woff2", "avif", "csv"};

void append_printable(std::string& out, std::string_view text) {
    for (const char c : text) out += c > ' ' && c <= '~' ? c : '_';
}

// Where the extension's dot is, if this is a file's name: one to five letters and digits after it, a letter among them.
std::size_t extension_of(std::string_view segment) {
    static constexpr std::size_t kLongestExtension = 5;
    const std::size_t dot = segment.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return std::string_view::npos;
    const std::string_view extension = segment.substr(dot + 1);
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    const bool is_extension = extension.size() <= kLongestExtension &&
                              std::all_of(extension.begin(), extension.end(), fits) &&
                              std::any_of(extension.begin(), extension.end(), letter);
    return is_extension ? dot : std::string_view::npos;
}

// One of the parts between the dots of a file's name. Short numbers are versions there: jquery-3.6.0.min.js.
void append_file_part(std::string& out, std::string_view part) {
    static constexpr std::size_t kShortestId = 4;
    const SegmentKind kind = segment_kind(part);
    const bool version = kind == SegmentKind::kId && part.size() < kShortestId;
    if (kind != SegmentKind::kName && !version) {
        out += placeholder(kind);
        return;
    }
    const std::size_t mark = part.find_last_of("-_") + 1;  // 0 where there is none
    const bool hashed = is_file_hash(part.substr(mark));
    append_printable(out, hashed ? part.substr(0, mark) : part);
    if (hashed) out += placeholder(SegmentKind::kHash);
}

void append_file(std::string& out, std::string_view stem, std::string_view extension) {
    const SegmentKind kind = segment_kind(stem);
    if (kind != SegmentKind::kName) {
        out += placeholder(kind);
    } else {
        for (;;) {
            const std::size_t dot = stem.find('.');
            append_file_part(out, stem.substr(0, dot));
            if (dot == std::string_view::npos) break;
            out += '.';
            stem.remove_prefix(dot + 1);
        }
    }
    append_printable(out, extension);
}

// sha256:9f8a…, user:42: a value with its type in front.
bool append_typed(std::string& out, std::string_view segment) {
    const std::size_t colon = segment.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || segment_kind(segment.substr(0, colon)) != SegmentKind::kName)
        return false;
    const SegmentKind kind = segment_kind(segment.substr(colon + 1));
    if (kind == SegmentKind::kName) return false;
    append_printable(out, segment.substr(0, colon + 1));
    out += placeholder(kind);
    return true;
}

// sess_9f8a…, user-123e4567-e89b-…: a long one behind a name. What is short may be a part of the name: app-2x, build-3f2a1b.
bool append_prefixed(std::string& out, std::string_view segment) {
    static constexpr std::size_t kUuid = 36;
    static constexpr std::size_t kShortestHash = 12;
    static constexpr std::string_view kMarks = "-_";
    const auto is_behind_mark = [&](std::size_t begin) {
        return begin != 0 && kMarks.find(segment[begin - 1]) != std::string_view::npos;
    };
    std::size_t begin = segment.size() > kUuid ? segment.size() - kUuid : 0;
    if (!is_behind_mark(begin) || segment_kind(segment.substr(begin)) != SegmentKind::kUuid) {
        begin = segment.find_last_of(kMarks) + 1;
        if (begin <= 1 || segment.size() - begin < kShortestHash) return false;
    }
    const SegmentKind kind = segment_kind(segment.substr(begin));
    if (kind != SegmentKind::kUuid && kind != SegmentKind::kHash) return false;
    append_printable(out, segment.substr(0, begin));
    out += placeholder(kind);
    return true;
}

}  // namespace

bool append_segment(std::string& out, std::string_view segment) {
    segment = segment.substr(0, segment.find(';'));
    const std::size_t dot = extension_of(segment);
    const SegmentKind kind = segment_kind(segment);
    if (dot != std::string_view::npos && kind == SegmentKind::kName) {
        append_file(out, segment.substr(0, dot), segment.substr(dot));
        return false;
    }
    if (append_typed(out, segment)) return false;
    if (kind == SegmentKind::kName && append_prefixed(out, segment)) return false;
    if (kind == SegmentKind::kName) {
        append_printable(out, segment);
        return false;
    }
    out += placeholder(kind);
    return true;
}

void append_collapsed(std::string& out, std::string_view segment) {
    const std::size_t dot = segment.rfind('.');
    const std::string_view extension = dot == std::string_view::npos ? std::string_view{} : segment.substr(dot + 1);
    const bool file = std::find(kFileTypes.begin(), kFileTypes.end(), extension) != kFileTypes.end();
    out += file ? "{file}." : placeholder(SegmentKind::kValue);
    if (file) out += extension;
}

}  // namespace footfall
