// Names for the places in code that calls return to: the function that calls, and its file. Files are opened while a process
// still maps them, so that it may be gone when names are wanted; of processes that were too short for that, libraries are
// looked for where libraries are. Thread: the one of the symbolizer's client, which outlives this.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/probes/function_probe.h"
#include "agent/probes/mapped_files.h"
#include "agent/stacks/executable_maps.h"
#include "symbolizer/elf/description.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

class CallerNames {
public:
    explicit CallerNames(SymbolizerClient& symbolizer) : symbolizer_(symbolizer) {}

    // The files that the process runs code from now.
    void remember(Pid pid);
    void remember(Pid pid, const ExecutableMaps& maps);

    // "shop::order(int) (shop)"; without a name: "[shop]+0x1234", where in the file.
    std::string name_of(const FunctionPart& part);

private:
    static constexpr std::size_t kMostFiles = 256;

    struct File {
        Fd opened;
        std::optional<FileDescription> description;  // none: it was not asked for yet, or there is none
        bool asked = false;
    };

    File* file_of(const FunctionPart& part);
    std::optional<std::string> function_in(File& file, std::uint64_t offset);

    SymbolizerClient& symbolizer_;
    std::map<FileId, File> files_;
    std::map<std::pair<FileId, std::uint64_t>, std::string> known_;
};

}  // namespace footfall
