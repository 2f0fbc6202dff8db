// The files that code was run from, each build once, with a number that frames carry and what was found out about it.
//
// A file is known by device and inode, as long as its size and its time of change stay what they were; two files with the
// same build-id, size and time of change are one module, if only root can have written them.
// When numbers run short, those of files that nobody maps and no stack names are given up, and stand for others after a
// rest. Every file is kept open, so that it can still be read when the process, or the file's name, is gone, and that no
// other file gets its inode. Thread: the one that owns the pipeline's state; what takes time is the loader's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/fd.h"
#include "agent/stacks/executable_maps.h"
#include "agent/stacks/jitdump_files.h"
#include "agent/stacks/kernel_tables.h"
#include "agent/stacks/module_loader.h"

namespace footfall {

enum class TableState : std::uint8_t {
    kUnknown,  // not asked for
    kLoading,
    kLoaded,
    kNone,  // it has none, or it can't be read
};

// By which it shows that other bytes were written into a file.
struct FileVersion {
    std::int64_t size = 0;
    std::int64_t changed_seconds = 0;
    std::int64_t changed_nanoseconds = 0;
    auto operator<=>(const FileVersion&) const = default;

    static FileVersion of(const Fd& file);
};

struct CodeModule {
    std::string path;  // as the process saw it that had it first
    std::string root;  // that process's file system: "/", or /proc/PID/root
    FileDescription description;
    Fd file;
    FileVersion version;  // of the file, when it was described
    TableState table_state = TableState::kUnknown;
    std::shared_ptr<TableFile> table;  // kLoaded
    bool in_kernel = false;            // the kernel side has the table
    bool given_up = false;             // the number stands for nothing now
    MonotonicTime last_seen;           // in a stack

    // Its bytes are not those any more that ran, so that they name nothing.
    [[nodiscard]] bool was_rewritten() const { return file.valid() && FileVersion::of(file) != version; }
};

class CodeModules {
public:
    // loader outlives the modules. most: modules, below kModuleWithoutRoom. rest: how long a number that was given up stands
    // for nothing, as records that carry it may be on their way.
    CodeModules(ModuleLoader& loader, std::size_t most, std::uint64_t rest_nanoseconds = 10 * kNanosecondsPerSecond);

    // The module behind a mapping. Nothing while it is not described yet; 0 where no file is.
    std::optional<ModuleNumber> find(Pid pid, const ExecutableMapping& mapping);

    // Where the mapping's addresses lie in the module.
    [[nodiscard]] std::uint64_t bias_of(const ExecutableMapping& mapping, ModuleNumber number) const;

    // Asks for the table, if that was not done yet.
    void want_table(ModuleNumber number);

    // Few numbers are left, or some file found none.
    [[nodiscard]] bool is_short_of_room() const;
    // A number can be had now.
    [[nodiscard]] bool has_room() const;
    // Gives up the modules that `used` has no true for, by number, and returns them: nothing may name them any more. Where
    // there is room now, files that found none before are looked at again.
    std::vector<ModuleNumber> give_up(const std::vector<bool>& used);
    // A record that carries such a number was on its way when it was given up.
    [[nodiscard]] bool is_given_up(ModuleNumber number) const { return has(number) && modules_[number]->given_up; }

    // Takes in what the loader has finished; returns the modules whose tables are there now, or known not to be. *described
    // tells that a file became known.
    std::vector<ModuleNumber> take_loaded(bool* described);

    // Which name code that has no file, and are no modules themselves.
    [[nodiscard]] const JitDumpFiles& jitdumps() const { return jitdumps_; }

    // The loader is busy with something that was asked for.
    [[nodiscard]] bool loading() const { return outstanding_ != 0; }

    // There is such a module: at() may be asked.
    [[nodiscard]] bool has(ModuleNumber number) const { return number != 0 && number < modules_.size(); }
    [[nodiscard]] CodeModule& at(ModuleNumber number) { return *modules_[number]; }
    [[nodiscard]] const CodeModule& at(ModuleNumber number) const { return *modules_[number]; }
    [[nodiscard]] std::size_t files() const { return files_.size(); }
    // Number 0 included, which is none.
    [[nodiscard]] std::size_t count() const { return modules_.size(); }

private:
    struct FileKey {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        auto operator<=>(const FileKey&) const = default;
    };
    struct File {
        std::optional<ModuleNumber> module;
        std::unique_ptr<CodeModule> undescribed;  // until then
        Fd twin;                                  // it is the same module as another file
        FileVersion version;
        std::uint64_t last_use = 0;
    };

    struct GivenUp {
        ModuleNumber number = 0;
        MonotonicTime time;
    };

    // The files that were longest not mapped anew are forgotten; their modules stay.
    void make_room();

    void begin(Pid pid, const ExecutableMapping& mapping, const FileKey& key, File& file, Fd opened);
    void settle(File& file, Loaded loaded);
    std::optional<ModuleNumber> take_number();

    ModuleLoader& loader_;
    std::size_t most_;
    std::uint64_t rest_;  // nanoseconds
    std::vector<std::unique_ptr<CodeModule>> modules_;
    std::deque<GivenUp> given_up_;  // the longest ago first
    bool left_out_ = false;         // some file found no room
    std::map<FileKey, File> files_;
    std::uint64_t uses_ = 0;                       // of files, so far
    std::map<std::uint64_t, FileKey> asked_;       // by ticket
    std::map<std::string, ModuleNumber> by_name_;  // that they may share
    std::vector<ModuleNumber> without_table_;      // settled since take_loaded()
    JitDumpFiles jitdumps_;
    std::uint64_t next_ticket_ = 0;
    std::size_t outstanding_ = 0;  // questions to the loader
};

}  // namespace footfall
