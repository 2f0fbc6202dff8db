// How a snapshot is printed. Every command that prints one knows table and json; report also knows the formats of stacks,
// and shares with functions how those are shown.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "output/session/features.h"
#include "output/session/inventory.h"
#include "output/session/snapshot.pb.h"
#include "output/table/functions_text.h"
#include "output/table/terminal_text.h"

namespace footfall {

// Of functions, a table and JSON; a kept session may hold anything.
enum class FormatChoice : std::uint8_t { kUsage, kUsageAndStacks, kFunctions };

// What the user's own files say, to hold against what was used.
struct ComparedWith {
    std::optional<Inventory> inventory;
    std::optional<Features> features;
    bool unlisted = false;  // also what was used and is not in the inventory

    [[nodiscard]] bool anything() const { return inventory || features; }
};

// Reads both; no words and no name: neither. Errors of inventory_file.h and features_file.h.
[[nodiscard]] Result<ComparedWith> read_compared(const std::vector<std::string>& inventory, const std::string& features);

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
    [[nodiscard]] bool needs_functions() const {
        return functions_.explain || functions_.files || (functions_.unused && !compared_.anything());
    }
    [[nodiscard]] bool explains() const { return functions_.explain; }
    // A line for each file of functions, instead of their functions; of JSON, no less than ever.
    void show_files() { functions_.files = true; }
    // To be printed instead of a table of what was used; of JSON, beside it.
    void compare_with(ComparedWith compared) { compared_ = std::move(compared); }

    // The same form, with the files that the configuration names.
    [[nodiscard]] Result<ReportFormat> comparing(const Config& config) const;

    // The bytes of the report. `before` is another session to compare with, for the formats that can: only flamegraph.
    [[nodiscard]] Result<std::string> render(const Snapshot& snapshot, const TerminalStyle& style,
                                             const Snapshot* before = nullptr) const;
    // Renders and writes to a stream. That its reader went away is no error, that a disk is full is one.
    [[nodiscard]] Result<void> print(const Snapshot& snapshot, std::FILE* to, const Snapshot* before = nullptr) const;

private:
    [[nodiscard]] std::string table(const Snapshot& snapshot, const TerminalStyle& style) const;
    [[nodiscard]] std::string comparison(const Snapshot& snapshot, const TerminalStyle& style) const;
    [[nodiscard]] std::string json(const Snapshot& snapshot) const;

    FormatChoice choice_;
    FunctionsView functions_;
    ComparedWith compared_;
    std::string format_;
    bool json_ = false;
};

}  // namespace footfall
