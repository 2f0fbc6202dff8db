/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Is the running process watched? At most one map look-up for one that is not. */
#ifndef FOOTFALL_LIB_FILTER_H
#define FOOTFALL_LIB_FILTER_H

#include <bpf/bpf_core_read.h>

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

/* Until it executes it is a part of footfall, whatever selector means it; then it is in the map. */
static __always_inline bool is_command(__u32 pid)
{
	return probe_config.command && pid == probe_config.command;
}

/*
 * footfall's helpers are no more watched than itself: children that run its own program. Others it may have got from a shell
 * that became footfall.
 */
static __always_inline bool is_helper(struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;

	return (__u32)parent->tgid == probe_config.own_pid &&
	       BPF_CORE_READ(task, mm, exe_file, f_inode) == BPF_CORE_READ(parent, mm, exe_file, f_inode);
}

static __always_inline bool is_selected(__u32 pid)
{
	if (probe_config.everything)
		return true;
	if (probe_config.uid_count && is_watched_user())
		return true;
	if (probe_config.cgroup_count && in_watched_cgroup())
		return true;
	return probe_config.by_pid && is_in_watched(pid);
}

static __always_inline bool is_watched_process(__u32 pid)
{
	if (pid == probe_config.own_pid || pid == 0)
		return false;
	if (is_command(pid))
		return is_in_watched(pid);
	return is_selected(pid) && !is_helper(bpf_get_current_task_btf());
}

static __always_inline bool is_in_cgroup(struct task_struct *task, __u8 level, __u64 id)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp), *ancestor = NULL;

	if (!bpf_core_field_exists(cgroup->ancestors) || BPF_CORE_READ(cgroup, level) < level)
		return false;
	bpf_core_read(&ancestor, sizeof(ancestor), &cgroup->ancestors[level]);
	return BPF_CORE_READ(ancestor, kn, id) == id;
}

/* The same of any other thread. */
static __always_inline bool is_watched_task(struct task_struct *task)
{
	__u32 pid = task->tgid, i;

	if (pid == probe_config.own_pid)
		return false;
	if (is_command(pid))
		return is_in_watched(pid);
	if (is_helper(task))
		return false;
	if (probe_config.everything)
		return true;
	for (i = 0; i < FF_MAX_UIDS && i < probe_config.uid_count; i++) {
		if (probe_config.uids[i] == BPF_CORE_READ(task, cred, uid.val))
			return true;
	}
	for (i = 0; i < FF_MAX_CGROUPS && i < probe_config.cgroup_count; i++) {
		if (is_in_cgroup(task, probe_config.cgroup_levels[i], probe_config.cgroups[i]))
			return true;
	}
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
