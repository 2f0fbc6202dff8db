// Reads containers and systemd units out of cgroup paths. Pure functions; views point into what was given.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "agent/processes/proc_fs.h"

namespace footfall {

constexpr std::size_t kContainerIdLength = 64;
constexpr std::size_t kShortContainerId = 12;

// The id of the innermost container that a path leads into, as docker, podman, containerd and cri-o write them, with either
// cgroup driver: "/docker/<id>", "/system.slice/docker-<id>.scope", "/kubepods.slice/…/cri-containerd-<id>.scope",
// "…:cri-containerd:<id>", "libpod-<id>". Monitors beside a container (conmon) are not in it.
std::optional<std::string_view> container_id(std::string_view cgroup_path);
std::optional<std::string_view> container_id(const std::vector<CgroupMembership>& cgroups);

// The path up to and including the innermost service, "/system.slice/nginx.service" for
// "/system.slice/nginx.service/worker". A login is no service: neither are slices, session scopes, init.scope and
// user@1000.service.
std::optional<std::string_view> service_unit_path(std::string_view cgroup_path);

// The path in the hierarchy that systemd keeps: v2, or v1's name=systemd; empty if the process is in neither.
std::string_view systemd_path(const std::vector<CgroupMembership>& cgroups);

// The unit's name without ".service"; instances keep their name: "postgresql@15-main".
std::optional<std::string_view> systemd_service(const std::vector<CgroupMembership>& cgroups);

// The path up to the unit of that name ("nginx", "nginx.service", "user-1000.slice"), if the process is in it.
std::optional<std::string_view> path_of_unit(const std::vector<CgroupMembership>& cgroups, std::string_view unit);

}  // namespace footfall
