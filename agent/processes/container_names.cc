#include "agent/processes/container_names.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "agent/base/text.h"
#include "agent/processes/cgroup_names.h"
#include "agent/processes/small_file.h"

namespace footfall {
namespace {

namespace fs = std::filesystem;
using NamesById = std::unordered_map<std::string, std::string>;

constexpr std::size_t kMaxStateFile = std::size_t{8} << 20;

nlohmann::json read_json(const fs::path& file) {
    const auto text = read_small_file(file, kMaxStateFile);
    return nlohmann::json::parse(text.value_or(""), nullptr, false);
}

std::string text_at(const nlohmann::json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<fs::path> entries_of(const fs::path& directory) {
    std::vector<fs::path> entries;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
        entries.push_back(entry->path());
    return entries;
}

// containers/<id>/config.v2.json: {"Name": "/web", …}
void add_docker(const fs::path& host_root, NamesById& names) {
    for (const fs::path& directory : entries_of(host_root / "var/lib/docker/containers")) {
        std::string name = text_at(read_json(directory / "config.v2.json"), "Name");
        if (name.starts_with('/')) name.erase(0, 1);
        if (!name.empty()) names[directory.filename().string()] = name;
    }
}

// [{"id": "<id>", "names": ["web"], …}, …]
void add_podman(const fs::path& host_root, NamesById& names) {
    const auto containers = read_json(host_root / "var/lib/containers/storage/overlay-containers/containers.json");
    if (!containers.is_array()) return;
    for (const auto& container : containers) {
        const std::string id = text_at(container, "id");
        const auto own = container.is_object() ? container.find("names") : container.end();
        if (id.empty() || own == container.end() || !own->is_array() || own->empty() || !own->front().is_string()) continue;
        names[id] = own->front().get<std::string>();
    }
}

// <pod>_<namespace>_<container>-<id>.log
void add_kubernetes(const fs::path& host_root, NamesById& names) {
    for (const fs::path& log : entries_of(host_root / "var/log/containers")) {
        const std::string stem = log.stem().string();
        const auto parts = split(stem, '_');
        if (parts.size() != 3 || parts[2].size() <= kContainerIdLength + 1) continue;
        const std::size_t dash = parts[2].size() - kContainerIdLength - 1;
        const auto id = parts[2].substr(dash + 1);
        names[std::string(id)] = std::string(parts[0]) + "/" + std::string(parts[2].substr(0, dash));
    }
}

}  // namespace

NamesById container_names(const fs::path& host_root) {
    NamesById names;
    add_docker(host_root, names);
    add_podman(host_root, names);
    add_kubernetes(host_root, names);
    return names;
}

}  // namespace footfall
