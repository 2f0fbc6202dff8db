/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Is the running process watched? At most one map look-up for one that is not. */
#ifndef FOOTFALL_LIB_FILTER_H
#define FOOTFALL_LIB_FILTER_H

#include "maps.h"

static __always_inline bool in_watched_cgroup(void)
{
	__u32 i;

	for (i = 0; i < FF_MAX_CGROUPS; i++) {
		if (i >= probe_config.cgroup_count)
			break;
		if (bpf_get_current_ancestor_cgroup_id(probe_config.cgroup_levels[i]) == probe_config.cgroups[i])
			return true;
	}
	return false;
}

static __always_inline bool is_watched_user(void)
{
	__u32 uid = bpf_get_current_uid_gid(), i;

	for (i = 0; i < FF_MAX_UIDS; i++) {
		if (i >= probe_config.uid_count)
			break;
		if (probe_config.uids[i] == uid)
			return true;
	}
	return false;
}

static __always_inline bool is_watched_process(__u32 pid)
{
	if (pid == probe_config.own_pid || pid == 0)
		return false;
	if (probe_config.everything)
		return true;
	if (probe_config.uid_count && is_watched_user())
		return true;
	if (probe_config.cgroup_count && in_watched_cgroup())
		return true;
	return probe_config.by_pid && is_in_watched(pid);
}

static __always_inline bool is_watched_port(__u16 local, __u16 peer)
{
	__u32 i;

	if (!probe_config.port_count)
		return true;
	for (i = 0; i < FF_MAX_PORTS; i++) {
		if (i >= probe_config.port_count)
			break;
		if (probe_config.ports[i] == local || probe_config.ports[i] == peer)
			return true;
	}
	return false;
}

#endif
