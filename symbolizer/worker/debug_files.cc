#include "symbolizer/worker/debug_files.h"

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "symbolizer/files/open_below_root.h"

namespace footfall {
namespace {

constexpr const char* kDebugDirectory = "/usr/lib/debug";

std::vector<std::string> candidate_paths(const std::string& module_path, const FileDescription& description) {
    std::vector<std::string> paths;
    if (std::string path = debug_path_of(description.build_id); !path.empty()) paths.push_back(std::move(path));
    const std::string& link = description.debug_link;
    if (link.empty() || link.find('/') != std::string::npos) return paths;
    const std::string directory = std::filesystem::path(module_path).parent_path().string();
    paths.push_back(directory + "/" + link);
    paths.push_back(directory + "/.debug/" + link);
    paths.push_back(kDebugDirectory + directory + "/" + link);
    return paths;
}

// kNone: it belongs to the module. Else kDebugFileMismatch, or why that can't be told.
Miss why_not_of(SymbolizerClient& client, const FileDescription& module, int file, const FileDescription& debug) {
    const auto answer = [](bool belongs) { return belongs ? Miss::kNone : Miss::kDebugFileMismatch; };
    if (!module.build_id.empty() && !debug.build_id.empty()) return answer(module.build_id == debug.build_id);
    if (module.debug_link.empty()) return Miss::kDebugFileMismatch;
    const auto checksum = client.checksum(file);
    return checksum ? answer(*checksum == module.debug_link_crc) : checksum.error();
}

// There is a file, and nobody knows what is in it.
bool was_given_up(Miss miss) { return miss == Miss::kTimedOut || miss == Miss::kCrashed || miss == Miss::kNamingLate; }

}  // namespace

std::string debug_path_of(const std::string& build_id) {
    if (build_id.size() < 4) return {};
    return std::string(kDebugDirectory) + "/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
}

Fd find_alt_file(SymbolizerClient& client, const std::string& root, const std::string& debug_path,
                 const FileDescription& debug) {
    if (debug.alt_build_id.empty()) return {};
    std::vector<std::string> paths{debug_path_of(debug.alt_build_id)};
    const std::filesystem::path link = debug.alt_link;
    paths.push_back(link.is_absolute() ? link.string() : (std::filesystem::path(debug_path).parent_path() / link).string());
    for (const std::string& path : paths) {
        auto file = open_below_root(root, path);
        const auto description = file ? client.describe(file->get()) : tl::unexpected(file.error());
        if (description && description->build_id == debug.alt_build_id) return std::move(*file);
    }
    return {};
}

DebugFiles find_debug_files(SymbolizerClient& client, const std::string& root, const std::string& module_path,
                            const FileDescription& description) {
    DebugFiles found;
    for (const std::string& path : candidate_paths(module_path, description)) {
        if (path == module_path) continue;
        auto file = open_below_root(root, path);
        auto debug = file ? client.describe(file->get()) : tl::unexpected(file.error());
        if (!debug && was_given_up(debug.error())) found.miss = debug.error();
        if (!debug) continue;
        found.miss = why_not_of(client, description, file->get(), *debug);
        if (found.miss != Miss::kNone) continue;
        found.alt = find_alt_file(client, root, path, *debug);
        found.debug = std::move(*file);
        found.description = std::move(*debug);
        return found;
    }
    return found;
}

}  // namespace footfall
