// Stacks of a snapshot as the exporters want them: each location as named frames, each sample as a list of frames. Whatever
// a damaged or hostile file says, reading it is safe: an index that leads nowhere reads as "", and frames past the limits
// below are left out.
//
// Holds a reference to the Stacks, which must outlive it. Not changed once it is made: any thread may read.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/base/result.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

// Far above what is ever recorded.
constexpr std::size_t kMaxLocationsOfStack = 1'024;
constexpr std::size_t kMaxInlinedAtLocation = 64;
constexpr std::size_t kMaxNameBytes = 2'048;

// One function at one address. A location with inlined functions has several.
struct NamedFrame {
    std::string_view name;    // the function, or "[module]+0xoff" if there is no name for it; UTF-8, never empty
    std::string_view module;  // path, "[kernel]", "[jit]"; "" where it is in none
    std::string_view file;    // "" where it is not known
    std::uint32_t line = 0;
    bool kernel = false;
    bool inlined = false;  // into the next frame outwards
    bool jit = false;
};

struct StackEntry {
    const NamedFrame* frame = nullptr;
    bool guessed = false;
};

class StackReader {
public:
    explicit StackReader(const Stacks& stacks);
    StackReader(const StackReader&) = delete;
    StackReader& operator=(const StackReader&) = delete;

    [[nodiscard]] const Stacks& stacks() const { return stacks_; }
    [[nodiscard]] std::string_view text(std::uint32_t index) const;
    // Path of the module that a location is in: "[kernel]" for what is the kernel's and in none, "" for other such.
    [[nodiscard]] std::string_view module_path(const Location& location) const;
    [[nodiscard]] std::string_view build_id(const Location& location) const;

    // Innermost first; never empty for a location that is there, empty for one that is not.
    [[nodiscard]] std::span<const NamedFrame> frames_at(std::uint32_t location) const;
    // Innermost first, the kernel's in front of the user's.
    [[nodiscard]] std::vector<StackEntry> frames_of(const StackSample& sample) const;

private:
    [[nodiscard]] const StackModule* module_of(const Location& location) const;
    std::string_view function_name(std::uint32_t index);
    std::string_view address_name(const Location& location);

    const Stacks& stacks_;
    std::deque<std::string> names_;  // what is not in stacks_ as it is shown
    std::unordered_map<std::uint32_t, std::string_view> function_names_;
    std::vector<NamedFrame> frames_;        // of all locations, one after the other
    std::vector<std::size_t> first_frame_;  // of each location, and one more: the end
};

// Running, blocked or queued: as people, labels and filters say it.
[[nodiscard]] std::string_view state_name(StackSampleState state);

// Stacks with which functions were called, rather than of threads that run or wait.
[[nodiscard]] bool are_calls(const Stacks& stacks);

// False for a walk that ended before the outermost frame. That a kernel thread has no user stack makes it no less complete.
[[nodiscard]] bool is_complete(std::string_view stop);

// What comes after the last '/'.
[[nodiscard]] std::string_view file_part(std::string_view path);

// Some formats write every frame of every sample out. A small file can say so much of that that no memory holds it; this
// refuses it before that is tried.
[[nodiscard]] Result<void> check_unfolded_size(const StackReader& reader);

}  // namespace footfall
