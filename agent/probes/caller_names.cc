#include "agent/probes/caller_names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "agent/probes/library_folders.h"
#include "agent/stacks/open_mapped.h"
#include "bpf/contract/function_probe.h"

namespace footfall {
namespace {

constexpr std::size_t kMostKnown = 65'536;

// Not valid where none of that name is the file.
Fd find_library(const FunctionPart& part) {
    for (const char* folder : kLibraryFolders) {
        Fd file(open((std::string(folder) + "/" + part.text).c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status {};
        if (file.valid() && fstat(file.get(), &status) == 0 && id_of(status) == FileId{part.device, part.inode}) return file;
    }
    return {};
}

}  // namespace

void CallerNames::remember(Pid pid) {
    if (const auto maps = maps_of(pid)) remember(pid, *maps);
}

void CallerNames::remember(Pid pid, const ExecutableMaps& maps) {
    for (const ExecutableMapping& mapping : maps.mappings) {
        const FileId id = id_of(mapping);
        if (mapping.inode == 0 || files_.contains(id) || files_.size() >= kMostFiles) continue;
        if (Fd file = open_mapped(pid, mapping); file.valid()) files_[id].opened = std::move(file);
    }
}

std::string CallerNames::name_of(const FunctionPart& part) {
    if (part.device == FF_DEVICE_UNKNOWN) return "code that could not be looked up";
    if (part.device == 0 && part.inode == 0) return "code of no file";
    const std::pair place{FileId{part.device, part.inode}, part.offset};
    if (const auto known = known_.find(place); known != known_.end()) return known->second;
    File* file = file_of(part);
    const auto function = file != nullptr ? function_in(*file, part.offset) : std::nullopt;
    std::string name = function ? *function + " (" + part.text + ")" : fmt::format("[{}]+0x{:x}", part.text, part.offset);
    if (known_.size() < kMostKnown) known_[place] = name;
    return name;
}

CallerNames::File* CallerNames::file_of(const FunctionPart& part) {
    const FileId id{part.device, part.inode};
    if (const auto known = files_.find(id); known != files_.end()) return &known->second;
    if (files_.size() >= kMostFiles) return nullptr;
    Fd found = find_library(part);
    if (!found.valid()) return nullptr;
    File& file = files_[id];
    file.opened = std::move(found);
    return &file;
}

std::optional<std::string> CallerNames::function_in(File& file, std::uint64_t offset) {
    if (!std::exchange(file.asked, true)) {
        if (auto description = symbolizer_.describe(file.opened.get())) file.description = *std::move(description);
    }
    if (!file.description) return std::nullopt;
    // The call is in front of where it returns to, which may be another function already.
    const auto address = address_of_offset(*file.description, offset - 1);
    if (!address) return std::nullopt;
    const std::array wanted{*address};
    const auto named = symbolizer_.symbols({.elf = file.opened.get()}, wanted, Detail::kNames);
    if (named.empty() || named.front().lines.empty()) return std::nullopt;
    return named.front().lines.back().function;
}

}  // namespace footfall
