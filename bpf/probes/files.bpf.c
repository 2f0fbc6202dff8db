// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The files probe: which files the watched processes open. Its tracepoints make every system call of the host some tens of
 * nanoseconds slower while they are attached, so it is loaded only where files are asked for.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contract/file_events.h"
#include "bpf/lib/filter.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AT_FDCWD    (-100)
#define S_IFMT      0170000
#define S_IFREG     0100000
#define DEEPEST     64  /* folders and mounts that are climbed */
#define ERESTARTSYS 512 /* this and what follows: the call begins anew, which its process does not see */

enum { CLIMB_ON = 0, CLIMB_DONE = 1 }; /* what bpf_loop wants to hear */

struct climb {
	struct ff_opened_event *event;
	const struct dentry *dentry;
	const struct mount *mount;
	const struct dentry *root; /* the process's */
	const struct mount *root_mount;
	__u64 length; /* of the names so far */
};

static __always_inline const struct mount *mount_of(const struct vfsmount *mount)
{
	return (const struct mount *)((const char *)mount - bpf_core_field_offset(struct mount, mnt));
}

static long climb_one(__u32 index, void *context)
{
	struct climb *climb = context;
	const struct dentry *dentry = climb->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	const struct mount *mount = climb->mount, *below;
	__u64 length = climb->length;
	long written;

	if (dentry == climb->root && mount == climb->root_mount)
		return CLIMB_DONE;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		below = BPF_CORE_READ(mount, mnt_parent);
		if (below == mount)
			return CLIMB_DONE;
		climb->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		climb->mount = below;
		return CLIMB_ON;
	}
	if (parent == dentry || length >= FF_FILE_PATH_MOST) {
		climb->event->cut = 1;
		return CLIMB_DONE;
	}
	written = bpf_probe_read_kernel_str(climb->event->names + length, FF_FILE_NAME_MOST,
	                                    BPF_CORE_READ(dentry, d_name.name));
	if (written <= 0) {
		climb->event->cut = 1;
		return CLIMB_DONE;
	}
	climb->length = length + written;
	climb->dentry = parent;
	return CLIMB_ON;
}

static __always_inline void climb_from(struct climb *climb, const struct path *path)
{
	struct task_struct *task = bpf_get_current_task_btf();

	climb->dentry = BPF_CORE_READ(path, dentry);
	climb->mount = mount_of(BPF_CORE_READ(path, mnt));
	climb->root = BPF_CORE_READ(task, fs, root.dentry);
	climb->root_mount = mount_of(BPF_CORE_READ(task, fs, root.mnt));
	if (bpf_loop(DEEPEST, climb_one, climb, 0) == DEEPEST)
		climb->event->cut = 1;
}

static __always_inline const struct file *file_of(long fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file **files = BPF_CORE_READ(task, files, fdt, fd);
	const struct file *file = NULL;

	if (fd >= 0 && fd < BPF_CORE_READ(task, files, fdt, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

struct attempt {
	long folder; /* descriptor that a relative path starts from */
	const char *path;
	__u32 flags;
};

/* The path as it was asked for, and where it starts from. */
static __always_inline void name_attempt(struct climb *climb, const struct attempt *attempt)
{
	const struct file *folder;
	long written = bpf_probe_read_user_str(climb->event->names, FF_FILE_PATH_MOST, attempt->path);

	if (written <= 1) {
		climb->event->cut = 1;
		return;
	}
	climb->length = written;
	if (climb->event->names[0] == '/')
		return;
	if (attempt->folder == AT_FDCWD) {
		climb_from(climb, &bpf_get_current_task_btf()->fs->pwd);
	} else {
		folder = file_of(attempt->folder);
		climb_from(climb, &folder->f_path);
	}
}

static __always_inline int on_opened(long result, const struct attempt *attempt)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	const struct file *file = NULL;
	struct ff_opened_event *event;
	struct climb climb = {};

	if (!is_watched_process(pid_tgid >> 32) || result <= -ERESTARTSYS)
		return 0;
	if (result >= 0) {
		file = file_of(result);
		if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFREG)
			return 0;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!begin_event((void *)event, FF_EVENT_OPENED, sizeof(*event)))
		return 0;
	event->pid = pid_tgid >> 32;
	event->tid = pid_tgid;
	event->uid = bpf_get_current_uid_gid();
	event->flags = attempt->flags;
	event->error = result < 0 ? -result : 0;
	event->cut = 0;
	climb.event = event;
	if (file)
		climb_from(&climb, &file->f_path);
	else
		name_attempt(&climb, attempt);
	event->names_length = climb.length;
	event->event.size = offsetof(struct ff_opened_event, names) + climb.length;
	submit_event(event);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_open")
int file_opened(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct attempt attempt = {
		.folder = AT_FDCWD,
		.path = (const char *)PT_REGS_PARM1_CORE_SYSCALL(registers),
		.flags = PT_REGS_PARM2_CORE_SYSCALL(registers),
	};

	return on_opened(context->ret, &attempt);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int file_opened_at(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct attempt attempt = {
		.folder = (int)PT_REGS_PARM1_CORE_SYSCALL(registers),
		.path = (const char *)PT_REGS_PARM2_CORE_SYSCALL(registers),
		.flags = PT_REGS_PARM3_CORE_SYSCALL(registers),
	};

	return on_opened(context->ret, &attempt);
}

SEC("tracepoint/syscalls/sys_exit_openat2")
int file_opened_at_how(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct open_how how = {};
	struct attempt attempt = {
		.folder = (int)PT_REGS_PARM1_CORE_SYSCALL(registers),
		.path = (const char *)PT_REGS_PARM2_CORE_SYSCALL(registers),
	};

	bpf_probe_read_user(&how.flags, sizeof(how.flags), (const void *)PT_REGS_PARM3_CORE_SYSCALL(registers));
	attempt.flags = how.flags;
	return on_opened(context->ret, &attempt);
}
