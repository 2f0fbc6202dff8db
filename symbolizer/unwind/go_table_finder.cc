#include "symbolizer/unwind/go_table_finder.h"

#include <algorithm>
#include <array>
#include <vector>

#include "symbolizer/unwind/go_prologue.h"

namespace footfall {
namespace {

constexpr std::uint64_t kTableAlignment = 8;
constexpr std::uint64_t kTextAlignment = 16;
constexpr std::size_t kSearchBytes = 4096;
constexpr std::uint64_t kMostFunctionsAsked = 1024;
constexpr std::size_t kMostPrologues = 16;
constexpr std::size_t kMostOdd = kMostPrologues / 8;  // assembly begins as it likes

std::optional<GoTablePlace> table_at(FileBlocks& file, std::uint64_t offset, std::uint64_t size) {
    std::array<char, kGoTableHeaderBytes> front{};
    const auto front_size = static_cast<std::size_t>(std::min<std::uint64_t>(front.size(), size));
    if (!file.read(offset, front.data(), front_size)) return std::nullopt;
    const auto table = read_go_table_header({front.data(), front_size}, size);
    return table ? std::optional(GoTablePlace{*table, offset, size}) : std::nullopt;
}

// By its magic number, two bytes of zero, and what quantum and pointers x86-64 has.
bool may_begin_table(std::span<const std::uint8_t> bytes) {
    constexpr std::array<std::uint8_t, 7> kBehindVersion = {0xff, 0xff, 0xff, 0, 0, 1, 8};
    return bytes[0] >= 0xf0 && std::equal(kBehindVersion.begin(), kBehindVersion.end(), bytes.begin() + 1);
}

std::optional<GoTablePlace> search_table(FileBlocks& file, const LoadedSegment& segment) {
    std::array<std::uint8_t, kSearchBytes> piece{};
    for (std::uint64_t at = 0; at < segment.size; at += piece.size()) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), segment.size - at));
        if (!file.read(segment.offset + at, piece.data(), size)) return std::nullopt;
        for (std::size_t i = 0; i + kTableAlignment <= size; i += kTableAlignment) {
            if (!may_begin_table(std::span(piece).subspan(i, kTableAlignment))) continue;
            if (const auto found = table_at(file, segment.offset + at + i, segment.size - at - i)) return found;
        }
    }
    return std::nullopt;
}

std::optional<GoTablePlace> find_table(FileBlocks& file, const UnwindSections& sections) {
    if (sections.go_table) return table_at(file, sections.go_table->offset, sections.go_table->size);
    if (sections.named) return std::nullopt;
    for (const LoadedSegment& segment : sections.segments) {
        if (segment.executable) continue;
        if (const auto found = search_table(file, segment)) return found;
    }
    return std::nullopt;
}

// Holds what the table says of how functions begin against the code that would be theirs.
class TextStart {
public:
    TextStart(FileBlocks& file, const GoTablePlace& place, const UnwindSections& sections)
        : file_(file), sections_(sections) {
        GoTableReader table(file, place);
        for (std::uint64_t i = 0; i < kMostFunctionsAsked && growths_.size() < kMostPrologues; ++i)
            if (const auto function = table.function(i)) note_growth(table, *function);
    }

    std::optional<std::uint64_t> find(std::uint64_t said) {
        for (const std::uint64_t start : {said, sections_.text})
            if (start != 0 && (growths_.empty() || fits(start))) return start;
        if (growths_.empty()) return std::nullopt;
        for (const AddressRange& code : sections_.code) {
            const std::uint64_t first = code.begin - code.begin % kTextAlignment;
            for (std::uint64_t at = 0; at < code.end - first; at += kTextAlignment)
                if (fits(first + at)) return first + at;
        }
        return std::nullopt;
    }

private:
    struct Growth {
        std::uint64_t at = 0;  // from the start of the text on
        std::int32_t depth = 0;
    };

    void note_growth(GoTableReader& table, const GoFunction& function) {
        GoStackProgram program(table, function);
        if (function.stack_program == 0 || !program.next() || program.depth() != 0) return;
        const std::uint64_t at = program.end();
        if (program.next() && program.depth() > 0 && at >= kGoGrowthBytes) growths_.push_back({at, program.depth()});
    }

    [[nodiscard]] bool fits(std::uint64_t start) {
        std::size_t odd = 0;
        for (const Growth& growth : growths_) {
            std::array<std::uint8_t, kGoPrologueBytes> code{};
            read_code(file_, sections_, start + growth.at - kGoGrowthBytes, code);
            if (!read_go_prologue(code, growth.depth).grows && ++odd > kMostOdd) return false;
        }
        return odd < growths_.size();
    }

    FileBlocks& file_;
    const UnwindSections& sections_;
    std::vector<Growth> growths_;
};

}  // namespace

std::optional<GoTablePlace> find_go_table(FileBlocks& file, const UnwindSections& sections) {
    auto place = find_table(file, sections);
    if (!place || !place->table.counts_from_text()) return place;
    const auto start = TextStart(file, *place, sections).find(place->table.text_start);
    if (!start) return std::nullopt;
    place->table.text_start = *start;
    return place;
}

}  // namespace footfall
