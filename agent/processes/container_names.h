// What the containers of this host are called, from the files in which docker, podman and the kubelet keep it. No runtime is
// asked over its socket: those speak only to root, and some start the runtime. Threads: any; no state.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>

namespace footfall {

// Name by full id. For Kubernetes the name is "pod/container". Empty where there are none, or where they can't be read.
std::unordered_map<std::string, std::string> container_names(const std::filesystem::path& host_root);

}  // namespace footfall
