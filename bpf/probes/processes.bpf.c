// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The processes probe: follows the watched processes through fork, exec and exit, and keeps the map `watched` true. */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/contract/process_events.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/thread_calls.h"
#include "bpf/lib/thread_times.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void fill(struct ff_process_event *event, const struct task_struct *task, __u32 parent,
                                 __u32 exit_code)
{
	event->pid = BPF_CORE_READ(task, tgid);
	event->parent = parent;
	event->uid = BPF_CORE_READ(task, cred, uid.val);
	event->exit_code = exit_code;
	BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
}

static __always_inline void tell_forked(const struct task_struct *child, __u32 parent)
{
	struct ff_process_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!begin_event((void *)event, FF_EVENT_FORK, sizeof(*event)))
		return;
	fill(event, child, parent, 0);
	submit_event(event);
}

/* Of the threads that are no more, of the last one, and of the first one, which waits for it if it is another. */
static __always_inline __u64 cpu_of_process(struct task_struct *last, __u64 now)
{
	const struct task_struct *first = last->group_leader;
	struct ff_thread_times times = {};

	read_thread_times(&times, now);
	times.cpu_ns += BPF_CORE_READ(last, signal, sum_sched_runtime);
	return first == last ? times.cpu_ns : times.cpu_ns + first->se.sum_exec_runtime;
}

static __always_inline void tell_exited(struct task_struct *task, __u32 exit_code)
{
	struct ff_exited_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!begin_event((void *)event, FF_EVENT_EXIT, sizeof(*event)))
		return;
	fill(&event->process, task, 0, exit_code);
	event->cpu_ns = cpu_of_process(task, event->process.event.time_ns);
	submit_event(event);
}

/* The process's memory is that of the new program by now, with its arguments in it. */
static __always_inline void tell_executed(struct task_struct *task, const struct linux_binprm *program, bool proposed)
{
	struct ff_executed_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u32 parent = task->real_parent->tgid;
	__u64 arguments, length;

	if (!begin_event((void *)event, FF_EVENT_EXEC, sizeof(*event)))
		return;
	fill(&event->process, task, parent, proposed);
	event->path[0] = 0;
	__builtin_memset(event->arguments, 0, sizeof(event->arguments));
	if (parent != probe_config.own_pid) {
		bpf_probe_read_kernel_str(event->path, sizeof(event->path), BPF_CORE_READ(program, filename));
		arguments = BPF_CORE_READ(task, mm, arg_start);
		length = BPF_CORE_READ(task, mm, arg_end) - arguments;
		if (length > sizeof(event->arguments))
			length = sizeof(event->arguments);
		bpf_probe_read_user(event->arguments, length, (const void *)arguments);
	}
	submit_event(event);
}

/* Watched by pid, as a child of something that is; the other selectors need no map. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_forked, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = child->tgid, parent_pid = parent->tgid;

	if (pid == parent_pid || !is_watched_process(parent_pid))
		return 0;
	if (probe_config.by_pid && is_in_watched(parent_pid))
		set_watched(pid, true);
	tell_forked(child, parent_pid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_executed, struct task_struct *task, pid_t old_pid, struct linux_binprm *program)
{
	__u32 pid = task->tgid;
	bool known = is_watched_process(pid), proposed = !known && !is_command(pid);

	if (proposed && (!probe_config.propose_executed || pid == probe_config.own_pid || is_helper(task)))
		return 0;
	/* The agent looks at what was proposed and takes it off again if no selector matches. */
	if (!known)
		set_watched(pid, true);
	tell_executed(task, program, proposed);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exited, struct task_struct *task)
{
	__u32 pid = task->tgid, exit_code;

	tell_own_calls(bpf_get_current_pid_tgid());
	/* The last thread: do_exit() has taken it off the count by now. */
	if (BPF_CORE_READ(task, signal, live.counter) != 0 || !is_watched_process(pid))
		return 0;
	if (probe_config.by_pid)
		set_watched(pid, false);
	exit_code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!exit_code)
		exit_code = task->exit_code; /* of the last thread, where none ended the process as a whole */
	tell_exited(task, exit_code);
	return 0;
}

/* What threads have called since their last message, at the end of the session. A byte for each, as in the stacks probe. */
SEC("iter/task")
int thread_calls_left(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct thread_calls *calls = task ? bpf_task_storage_get(&thread_calls, task, NULL, 0) : NULL;
	__u8 told = 1;

	if (!calls || !calls->event.count)
		return 0;
	tell_calls(calls);
	bpf_seq_write(context->meta->seq, &told, sizeof(told));
	return 0;
}
