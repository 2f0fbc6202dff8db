#include "agent/inventory/server_paths.h"

#include <algorithm>
#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kMostServers = 64;
constexpr std::size_t kMostUrls = 256;  // of one server, with all values of its variables

std::vector<std::string> values_of(const DocumentNode* variable) {
    std::vector<std::string> values;
    if (variable == nullptr) return values;
    const DocumentNode* choices = variable->find("enum");
    if (choices != nullptr && choices->is_list()) {
        for (const DocumentEntry& choice : choices->entries) {
            if (values.size() == kMostUrls) break;
            if (choice.value->is_text()) values.push_back(choice.value->text);
        }
    }
    const DocumentNode* usual = variable->find("default");
    if (usual == nullptr || !usual->is_text()) return values;
    std::erase(values, usual->text);
    values.insert(values.begin(), usual->text);
    return values;
}

// The URL with each value of its first variable behind `from`; the URL itself where that has no value.
std::vector<std::pair<std::string, std::size_t>> filled_in(const std::string& url, std::size_t from,
                                                           const DocumentNode* variables) {
    const std::size_t open = url.find('{', from);
    const std::size_t close = url.find('}', open);
    if (open == std::string::npos || close == std::string::npos) return {{url, url.size()}};
    const std::string name = url.substr(open + 1, close - open - 1);
    std::vector<std::pair<std::string, std::size_t>> urls;
    for (const std::string& value : values_of(variables == nullptr ? nullptr : variables->find(name)))
        urls.emplace_back(url.substr(0, open) + value + url.substr(close + 1), open + value.size());
    if (urls.empty()) urls.emplace_back(url, close + 1);
    return urls;
}

void add_once(std::vector<std::string>& paths, std::string path) {
    if (paths.size() < kMostServerPaths && std::find(paths.begin(), paths.end(), path) == paths.end())
        paths.push_back(std::move(path));
}

void add_paths_of(const DocumentNode& server, std::vector<std::string>& paths) {
    const DocumentNode* url = server.find("url");
    if (url == nullptr || !url->is_text()) return;
    std::vector<std::pair<std::string, std::size_t>> open{{url->text, 0}};
    for (std::size_t i = 0; i < open.size() && open.size() < kMostUrls; ++i) {
        const auto [text, from] = open[i];
        if (from >= text.size()) {
            add_once(paths, path_of_url(text));
            continue;
        }
        for (auto& filled : filled_in(text, from, server.find("variables"))) open.push_back(std::move(filled));
    }
}

}  // namespace

std::string path_of_url(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    if (const std::size_t scheme = url.find("//"); scheme != std::string_view::npos) {
        const std::size_t path = url.find('/', scheme + 2);
        url = path == std::string_view::npos ? std::string_view{} : url.substr(path);
    }
    while (url.starts_with("./") || url.starts_with("../")) url.remove_prefix(url.find('/') + 1);
    while (url.ends_with('/')) url.remove_suffix(1);
    if (url.empty() || url == ".") return {};
    return url.starts_with('/') ? std::string(url) : "/" + std::string(url);
}

std::vector<std::string> server_paths(const DocumentNode& servers) {
    std::vector<std::string> paths;
    const std::size_t count = std::min(servers.entries.size(), kMostServers);
    for (std::size_t i = 0; i < count; ++i) add_paths_of(*servers.entries[i].value, paths);
    return paths;
}

}  // namespace footfall
