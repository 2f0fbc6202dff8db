#include "symbolizer/unwind/table_builder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <optional>

#include "symbolizer/unwind/cfa_program.h"
#include "symbolizer/unwind/fde_list.h"
#include "symbolizer/unwind/frame_entries.h"
#include "symbolizer/unwind/go_frames.h"
#include "symbolizer/unwind/go_table_finder.h"
#include "symbolizer/unwind/table_file.h"
#include "symbolizer/unwind/unwind_sections.h"

namespace footfall {
namespace {

constexpr std::uint64_t kPadding = 16;       // gaps below this only align the next function
constexpr std::uint64_t kEntryLength = 128;  // _start is never longer
constexpr std::uint64_t kMaxSpan = std::uint64_t{kMaxTablePages - 1} << FF_UNWIND_PAGE_SHIFT;
constexpr std::uint64_t kWorkFactor = 8;  // bytes of instructions that may be read, for each byte that there is

// Lays the rows of functions one behind the other, and rules for the gaps between them.
class Layout {
public:
    Layout(const UnwindSections& sections, RowStream& rows)
        : sections_(sections), rows_(rows), position_(sections.code.front().begin), code_(sections.code) {}

    // The part of a function that gets rows: within one executable segment, and not where another begins. nullopt if none.
    std::optional<AddressRange> place(const AddressRange& function, std::uint64_t next) {
        while (!code_.empty() && code_.front().end <= function.begin) code_ = code_.subspan(1);
        if (code_.empty() || !code_.front().holds(function.begin) || function.begin < position_) return std::nullopt;
        const AddressRange range{function.begin, std::min({function.end, next, code_.front().end})};
        if (range.begin >= range.end) return std::nullopt;
        fill_gap(range.begin);
        position_ = range.end;
        return range;
    }

    void finish() { fill_gap(sections_.code.back().end); }

private:
    void fill_gap(std::uint64_t end) {
        if (end < position_ || end - position_ < kPadding) return;
        rows_.add(position_, {FF_CFA_NONE});
        const std::uint64_t entry = sections_.entry;
        if (entry < position_ || entry >= end) return;
        rows_.add(entry, {FF_CFA_OUTERMOST});
        if (end - entry > kEntryLength) rows_.add(entry + kEntryLength, {FF_CFA_NONE});
    }

    const UnwindSections& sections_;
    RowStream& rows_;
    std::uint64_t position_;  // the end of what has rows
    std::span<const AddressRange> code_;
};

class Builder {
public:
    Builder(FileBlocks& file, const UnwindSections& sections, TableSink& sink)
        : file_(file), sections_(sections), rows_(sink, sections.code) {
        if (sections.eh_frame) eh_frame_ = std::make_unique<FrameEntries>(file, *sections.eh_frame);
        if (sections.debug_frame) debug_frame_ = std::make_unique<FrameEntries>(file, *sections.debug_frame);
        const auto go = find_go_table(file, sections);
        if (go && go->table.counts_from_text()) go_ = std::make_unique<GoFrames>(file, sections, *go);
    }

    Result<TableSummary> build() {
        if (auto chosen = choose_list(); !chosen) return tl::unexpected(chosen.error());
        if (auto done = run_all(); !done) return tl::unexpected(done.error());
        auto counts = rows_.finish(sections_.code.back().end);
        if (!counts) return tl::unexpected(counts.error());
        summary_.rows = *counts;
        return summary_;
    }

private:
    [[nodiscard]] std::uint64_t code_bytes() const {
        std::uint64_t bytes = 0;
        for (const AddressRange& range : sections_.code) bytes += range.end - range.begin;
        return bytes;
    }

    Result<void> choose_list() {
        if (go_ && go_->covered() >= code_bytes() / 2) debug_frame_.reset();
        if (!debug_frame_) list_ = sound_header(file_, sections_);
        summary_.from_header = list_ != nullptr;
        return list_ ? Result<void>{} : make_index();
    }

    Result<void> make_index() {
        auto index = std::make_unique<IndexedFdeList>(sections_.code.front().begin);
        if (eh_frame_)
            if (auto added = index->add(*eh_frame_); !added) return added;
        if (debug_frame_ && index->covered() < code_bytes() / 2) {
            summary_.used_debug_frame = true;
            if (auto added = index->add(*debug_frame_); !added) return added;
        }
        index->sort();
        summary_.malformed += index->malformed();
        list_ = std::move(index);
        return {};
    }

    Result<void> run_all() {
        Layout layout(sections_, rows_);
        std::uint64_t number = 0;
        std::optional<FdeRef> fde = list_->at(number);
        std::optional<GoFunction> function = go_ ? go_->next() : std::nullopt;
        while ((fde || function) && !rows_.failed()) {
            if (is_first(fde, function)) {
                const FdeRef ref = *fde;
                fde = list_->at(++number);
                run(ref, first_address(fde, function), layout);
            } else {
                const GoFunction current = *function;
                function = go_->next();
                run(current, first_address(fde, function), layout);
            }
            if (work_ + (go_ ? go_->bytes_read() : 0) > most_work())
                return failure("its unwind information overlaps itself");
        }
        layout.finish();
        if (file_.gave_up()) return failure("it could not be read to its end: it changed, or leads to and fro");
        return {};
    }

    // Of those that begin at the same address the last counts: of .debug_frame, Go's table and .eh_frame.
    [[nodiscard]] bool is_first(const std::optional<FdeRef>& fde, const std::optional<GoFunction>& function) const {
        if (!fde || !function) return fde.has_value();
        const std::uint64_t begin = go_->code_of(*function).begin;
        return fde->address < begin || (fde->address == begin && fde->format == FrameFormat::kDebugFrame);
    }

    [[nodiscard]] std::uint64_t first_address(const std::optional<FdeRef>& fde,
                                              const std::optional<GoFunction>& function) const {
        constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
        return std::min(fde ? fde->address : kNone, function ? go_->code_of(*function).begin : kNone);
    }

    [[nodiscard]] std::uint64_t most_work() const {
        std::uint64_t bytes = go_ ? go_->table_bytes() : 0;
        if (eh_frame_) bytes += eh_frame_->section().size;
        if (debug_frame_) bytes += debug_frame_->section().size;
        return kWorkFactor * bytes;
    }

    void run(const FdeRef& ref, std::uint64_t next, Layout& layout) {
        FrameEntries& entries = ref.format == FrameFormat::kEhFrame ? *eh_frame_ : *debug_frame_;
        const auto fde = entries.fde_at(ref.offset);
        if (!fde || fde->begin != ref.address) {
            ++summary_.malformed;
            return;
        }
        const auto range = layout.place({fde->begin, fde->end}, next);
        if (!range) return;
        ++summary_.fdes;
        work_ += fde->instructions_size;
        const auto instructions = entries.instructions_of(*fde);
        const ProgramPlace place{*range, entries.section().address + fde->instructions_offset};
        const bool complete = instructions.size() == fde->instructions_size;
        if (!complete) rows_.add(range->begin, {FF_CFA_UNSUPPORTED});
        if (!complete || !run_instructions(instructions, *fde->cie, place, rows_)) ++summary_.malformed;
    }

    void run(const GoFunction& function, std::uint64_t next, Layout& layout) {
        const auto range = layout.place(go_->code_of(function), next);
        if (!range) return;
        ++summary_.go_functions;
        if (!go_->run(function, range->end, rows_)) ++summary_.malformed;
    }

    FileBlocks& file_;
    const UnwindSections& sections_;
    RowStream rows_;
    std::unique_ptr<FrameEntries> eh_frame_;  // nullptr where there is none
    std::unique_ptr<FrameEntries> debug_frame_;
    std::unique_ptr<GoFrames> go_;
    std::unique_ptr<FdeList> list_;
    std::uint64_t work_ = 0;
    TableSummary summary_;
};

}  // namespace

Result<TableSummary> build_unwind_table(int fd, TableSink& sink) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return system_failure("cannot look at the file", errno);
    if (!S_ISREG(status.st_mode)) return failure("it is not a regular file");
    FileBlocks file(fd, static_cast<std::uint64_t>(status.st_size));
    const auto sections = find_unwind_sections(file);
    if (!sections) return tl::unexpected(sections.error());
    if (sections->code.back().end - sections->code.front().begin > kMaxSpan)
        return failure("its code is spread over more than 1 GiB");
    return Builder(file, *sections, sink).build();
}

}  // namespace footfall
