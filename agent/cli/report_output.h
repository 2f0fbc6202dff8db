// How a snapshot is printed. Every command that prints one knows table and json; report also knows the formats of stacks,
// and shares with functions how those are shown.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/result.h"
#include "output/session/snapshot.pb.h"
#include "output/table/functions_text.h"
#include "output/table/terminal_text.h"

namespace footfall {

// Of functions, a table and JSON; a kept session may hold anything.
enum class FormatChoice : std::uint8_t { kUsage, kUsageAndStacks, kFunctions };

class ReportFormat {
public:
    explicit ReportFormat(FormatChoice choice = FormatChoice::kUsage) : choice_(choice) {}

    void add_to(CLI::App& command);
    [[nodiscard]] bool chosen() const { return json_ || !format_.empty(); }
    [[nodiscard]] std::string name() const { return json_ ? "json" : format_.empty() ? "table" : format_; }
    // Formats that say nothing of a session without stacks.
    [[nodiscard]] bool needs_stacks() const;
    [[nodiscard]] bool is_binary() const { return name() == "pprof"; }
    // Only functions are asked for: those that were never called, or where calls are counted.
    [[nodiscard]] bool needs_functions() const { return functions_.unused || functions_.explain; }
    // A list to compare with what was used, instead of a table of that; with `all` also what is not in it.
    void compare_with(std::string list, bool all);

    // The bytes of the report. `before` is another session to compare with, for the formats that can: only flamegraph.
    [[nodiscard]] Result<std::string> render(const Snapshot& snapshot, const TerminalStyle& style,
                                             const Snapshot* before = nullptr) const;
    // Renders and writes to a stream. That its reader went away is no error, that a disk is full is one.
    [[nodiscard]] Result<void> print(const Snapshot& snapshot, std::FILE* to, const Snapshot* before = nullptr) const;

private:
    [[nodiscard]] std::string table(const Snapshot& snapshot, const TerminalStyle& style) const;

    FormatChoice choice_;
    FunctionsView functions_;
    std::optional<std::string> list_;
    bool all_ = false;
    std::string format_;
    bool json_ = false;
};

}  // namespace footfall
