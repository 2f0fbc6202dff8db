#include "output/stacks/stack_reader.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <unordered_set>

#include "output/session/utf8.h"

namespace footfall {
namespace {

constexpr std::uint64_t kMaxUnfoldedFrames = 50'000'000;
constexpr std::uint64_t kMaxUnfoldedBytes = 1ULL << 30U;

constexpr std::size_t kMaxModuleBytes = 255;

// UTF-8 whatever it was, and not longer than the limit.
std::string clean_text(std::string_view text, std::size_t limit) {
    std::string clean = to_utf8(text.substr(0, limit));
    if (text.size() > limit) clean += "…";
    return clean;
}

}  // namespace

StackReader::StackReader(const Stacks& stacks) : stacks_(stacks) {
    first_frame_.reserve(static_cast<std::size_t>(stacks.locations_size()) + 1);
    for (const Location& location : stacks.locations()) {
        first_frame_.push_back(frames_.size());
        const std::string_view module = module_path(location);
        const std::size_t lines = std::min(static_cast<std::size_t>(location.lines_size()), kMaxInlinedAtLocation);
        for (std::size_t i = 0; i < std::max<std::size_t>(lines, 1); ++i) {
            NamedFrame frame{
                .module = module, .kernel = location.kernel(), .inlined = i + 1 < lines, .jit = module == "[jit]"};
            if (i < lines) {
                const StackLine& line = location.lines(static_cast<int>(i));
                frame.name = function_name(line.function());
                frame.file = text(line.file());
                frame.line = line.line();
            }
            if (frame.name.empty()) frame.name = address_name(location);
            frames_.push_back(frame);
        }
    }
    first_frame_.push_back(frames_.size());
}

std::string_view StackReader::function_name(std::uint32_t index) {
    const auto [place, is_new] = function_names_.try_emplace(index);
    if (is_new && !text(index).empty()) place->second = names_.emplace_back(clean_text(text(index), kMaxNameBytes));
    return place->second;
}

// "[libc.so.6]+0x2a1f0", where the function begins if that is known, so that all of its addresses are one. The kernel has
// its brackets already.
std::string_view StackReader::address_name(const Location& location) {
    std::string base = clean_text(file_part(module_path(location)), kMaxModuleBytes);
    if (base.empty()) base = "[unknown]";
    if (!base.starts_with('[')) base = "[" + base + "]";
    const std::uint64_t start = location.address() - std::min(location.from_start(), location.address());
    return names_.emplace_back(fmt::format("{}+0x{:x}", base, start));
}

std::string_view StackReader::text(std::uint32_t index) const {
    if (index >= static_cast<std::uint32_t>(stacks_.strings_size())) return {};
    return stacks_.strings(static_cast<int>(index));
}

const StackModule* StackReader::module_of(const Location& location) const {
    const std::uint32_t index = location.module();
    if (index == 0 || index >= static_cast<std::uint32_t>(stacks_.modules_size())) return nullptr;
    return &stacks_.modules(static_cast<int>(index));
}

std::string_view StackReader::module_path(const Location& location) const {
    const StackModule* module = module_of(location);
    const std::string_view path = module == nullptr ? std::string_view{} : text(module->path());
    return path.empty() && location.kernel() ? "[kernel]" : path;
}

std::string_view StackReader::build_id(const Location& location) const {
    const StackModule* module = module_of(location);
    return module == nullptr ? std::string_view{} : text(module->build_id());
}

std::span<const NamedFrame> StackReader::frames_at(std::uint32_t location) const {
    if (location + std::size_t{1} >= first_frame_.size()) return {};
    return std::span(frames_).subspan(first_frame_[location], first_frame_[location + 1] - first_frame_[location]);
}

std::vector<StackEntry> StackReader::frames_of(const StackSample& sample) const {
    const std::unordered_set<std::uint32_t> guessed(sample.guessed().begin(), sample.guessed().end());
    const std::size_t locations = std::min(static_cast<std::size_t>(sample.locations_size()), kMaxLocationsOfStack);
    std::vector<StackEntry> frames;
    frames.reserve(locations);
    for (std::size_t i = 0; i < locations; ++i) {
        const bool is_guessed = guessed.contains(static_cast<std::uint32_t>(i));
        for (const NamedFrame& frame : frames_at(sample.locations(static_cast<int>(i))))
            frames.push_back({&frame, is_guessed});
    }
    return frames;
}

std::string_view state_name(StackSampleState state) {
    switch (state) {
        case STACK_BLOCKED:
            return "blocked";
        case STACK_QUEUED:
            return "queued";
        case STACK_CALLED:
            return "called";
        default:  // a file may hold any number
            return "running";
    }
}

bool are_calls(const Stacks& stacks) { return !stacks.samples().empty() && stacks.samples(0).state() == STACK_CALLED; }

bool is_complete(std::string_view stop) { return stop.empty() || stop == "outermost" || stop == "no_user_stack"; }

std::string_view file_part(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<void> check_unfolded_size(const StackReader& reader) {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    for (const StackSample& sample : reader.stacks().samples()) {
        const std::size_t locations = std::min(static_cast<std::size_t>(sample.locations_size()), kMaxLocationsOfStack);
        for (std::size_t i = 0; i < locations; ++i) {
            const std::span<const NamedFrame> here = reader.frames_at(sample.locations(static_cast<int>(i)));
            frames += here.size();
            for (const NamedFrame& frame : here) bytes += frame.name.size();
        }
        bytes += reader.text(sample.service()).size() + reader.text(sample.operation()).size() +
                 reader.text(sample.thread()).size();
        if (frames <= kMaxUnfoldedFrames && bytes <= kMaxUnfoldedBytes) continue;
        return failure("the stacks are too many to be written out in this format",
                       "choose some of them with --service, --operation, --thread or --state, or take --format pprof");
    }
    return {};
}

}  // namespace footfall
