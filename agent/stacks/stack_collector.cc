#include "agent/stacks/stack_collector.h"

#include <sys/syscall.h>

#include <algorithm>
#include <utility>

#include "symbolizer/unwind/page_rows.h"

namespace footfall {
namespace {

constexpr std::size_t kMostMappings = 16383;  // as many as the kernel side searches
constexpr std::uint64_t kRetryInterval = 50'000'000;
constexpr std::uint64_t kGiveUpInterval = 10 * kNanosecondsPerSecond;
constexpr std::uint64_t kRoomInterval = 100'000'000;  // room that was made in the kernel can't be used sooner

// How long what was read of a process is left at that, since reading thousands of mappings takes milliseconds: where it is
// certainly out of date, and where it only seems so.
std::uint64_t read_interval(std::size_t mappings) { return 5'000'000 + 1'000 * mappings; }
std::uint64_t look_again_after(std::size_t mappings) { return 100'000'000 + 100'000 * mappings; }

StackRegisters registers_of(const StackTaken& taken) {
    StackRegisters registers{taken.ip, {}};
    const std::size_t count = std::min(taken.registers.size(), registers.by_number.size());
    for (std::size_t i = 0; i < count; ++i) registers.by_number[i] = taken.registers[i];
    return registers;
}

bool lacks_table(StopReason stop) {
    return stop == StopReason::NO_MAPPING || stop == StopReason::NO_TABLE || stop == StopReason::NO_ROOM;
}

// What is known of the process may be out of date.
bool lacks_mapping(StopReason stop) { return stop != StopReason::NO_TABLE; }

// In execve(), the stack of the old program goes before the new one has any.
bool is_between_programs(const Sample& sample) {
    const bool executes = sample.system_call == SYS_execve || sample.system_call == SYS_execveat;
    return executes && sample.stop == StopReason::NO_MAPPING && sample.user.empty();
}

}  // namespace

// The rules of one process's code, out of table files.
class StackCollector::Rows final : public RowSource {
public:
    Rows(CodeModules& modules, const Process& process) : modules_(modules), process_(process) {}

    // A table that is not there yet was asked for: the walk is of no use now.
    [[nodiscard]] bool waiting() const { return waiting_; }

    [[nodiscard]] const PlacedMapping* mapping_of(std::uint64_t address) const {
        const auto& placed = process_.placed;
        const auto above = std::upper_bound(placed.begin(), placed.end(), address,
                                            [](std::uint64_t wanted, const PlacedMapping& m) { return wanted < m.start; });
        if (above == placed.begin() || address >= std::prev(above)->end) return nullptr;
        return &*std::prev(above);
    }

    tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t address) override {
        const PlacedMapping* mapping = mapping_of(address);
        if (mapping == nullptr) return tl::unexpected(FF_STOP_NO_MAPPING);
        if (!modules_.has(mapping->module)) return ff_unwind_row{};
        modules_.want_table(mapping->module);
        const CodeModule& module = modules_.at(mapping->module);
        switch (module.table_state) {
            case TableState::kUnknown:
            case TableState::kLoading:
                waiting_ = true;
                return tl::unexpected(FF_STOP_NO_TABLE);
            case TableState::kNone:
                return ff_unwind_row{};
            case TableState::kLoaded:
                break;
        }
        return row_in(*module.table, address - mapping->bias);
    }

private:
    static ff_unwind_row row_in(const TableFile& table, std::uint64_t address) {
        const std::uint64_t number = (address >> FF_UNWIND_PAGE_SHIFT) - table.first_page();
        ff_unwind_page page{};
        if (number >= table.pages() || !table.read_pages(static_cast<std::uint32_t>(number), {&page, 1})) return {};
        // Checked when it was opened, but whoever made the file may still write to it.
        if (page.rows > FF_UNWIND_PAGE_BYTES) return {};
        std::vector<ff_unwind_row> rows(page.rows);
        if (rows.empty() || !table.read_rows(page.first_row, rows)) return {};
        const ff_unwind_row* row = find_row(rows, address);
        return row == nullptr ? ff_unwind_row{} : *row;
    }

    CodeModules& modules_;
    const Process& process_;
    bool waiting_ = false;
};

StackCollector::StackCollector(CollectorOptions options, KernelTables* tables, ServiceOf service_of)
    : options_(std::move(options)),
      tables_(tables),
      service_of_(std::move(service_of)),
      loader_(options_.loader),
      modules_(loader_, options_.most_modules),
      history_(options_.most_processes) {
    if (tables_ != nullptr) tables_->publish_no_table(kModuleWithoutRoom);
}

void StackCollector::on(const StackTaken& taken) {
    Open open;
    Sample& sample = open.sample;
    sample.service = service_of_(taken.pid);
    sample.pid = taken.pid;
    sample.thread = taken.thread;
    sample.state = taken.state;
    sample.stop = taken.stop;
    sample.system_call = taken.system_call;
    sample.nanoseconds = taken.nanoseconds;
    for (std::size_t i = 0; i < taken.kernel.size(); ++i) sample.kernel.push_back(taken.kernel[i]);
    for (std::size_t i = 0; i < taken.user.size(); ++i) {
        sample.user.push_back(taken.user_frame(i));
        if (modules_.is_given_up(sample.user.back().module)) sample.user.back().module = kModuleWithoutRoom;
    }
    open.begin = taken.time;
    open.wait = taken.wait;
    open.waits = taken.waits;
    open.ended = taken.state == StackState::kRunning;
    note_seen(sample, taken.time);

    const OpenId id = next_open_++;
    if (!open.ended && !keep_wait(taken.tid, id)) return;
    open.walked = !lacks_table(taken.stop) || taken.copied.empty();
    open_.emplace(id, std::move(open));
    if (!open_.at(id).walked) {
        open_.at(id).walked = !keep_copy(id, taken);
    } else if (lacks_table(taken.stop)) {
        ask_for_what_lacks(taken);
    }
    settle(id);
}

// False: too many go on.
bool StackCollector::keep_wait(Tid tid, OpenId id) {
    ++waits_taken_;
    if (const auto before = waiting_.find(tid); before != waiting_.end()) {
        // A wait whose end was lost gives way to the thread's next.
        waits_without_end_ += open_.erase(before->second);
        before->second = id;
        return true;
    }
    if (waiting_.size() >= options_.most_waits) {
        ++waits_without_room_;
        return false;
    }
    waiting_.emplace(tid, id);
    return true;
}

void StackCollector::on(const WaitEnded& ended) {
    const auto waiting = waiting_.find(ended.tid);
    if (waiting == waiting_.end()) return;
    const auto open = open_.find(waiting->second);
    if (open == open_.end() || open->second.wait != ended.wait) return;
    const OpenId id = waiting->second;
    waiting_.erase(waiting);
    open->second.ended = true;
    const std::uint64_t before = std::min(open->second.before_session, ended.blocked_nanoseconds);
    open->second.blocked_nanoseconds = ended.blocked_nanoseconds - before;
    open->second.queued_nanoseconds = ended.queued_nanoseconds;
    settle(id);
}

// Adds a sample to the profile, once all of it is known.
void StackCollector::settle(OpenId id) {
    const auto open = open_.find(id);
    if (open == open_.end() || !open->second.walked || !open->second.ended) return;
    add(open->second);
    open_.erase(open);
}

void StackCollector::add(const Open& open) {
    Sample sample = open.sample;
    if (is_between_programs(sample)) sample.stop = StopReason::NO_USER_STACK;
    if (sample.state == StackState::kRunning) return profile_.add(sample);
    if (open.blocked_nanoseconds + open.queued_nanoseconds < options_.shortest_wait_nanoseconds) return;
    sample.samples = open.waits;
    const auto time_of = [&](std::uint64_t nanoseconds) {
        return static_cast<std::uint64_t>(static_cast<double>(nanoseconds) * open.waits);
    };
    const bool was_blocked = sample.state == StackState::kBlocked;
    sample.nanoseconds = time_of(was_blocked ? open.blocked_nanoseconds : open.queued_nanoseconds);
    profile_.add(sample);
    if (!was_blocked || open.queued_nanoseconds == 0) return;
    sample.state = StackState::kQueued;
    sample.nanoseconds = time_of(open.queued_nanoseconds);
    profile_.add_time(sample);
}

// For the kernel side's tables: the least recently seen ones make room.
void StackCollector::note_seen(const Sample& sample, MonotonicTime time) {
    for (const UserFrame& frame : sample.user) {
        if (modules_.has(frame.module)) modules_.at(frame.module).last_seen = time;
    }
}

// --- processes ------------------------------------------------------------------------------------------------------

// stack_start: of the program that is meant. again: what is known of it seems out of date.
std::shared_ptr<StackCollector::Process> StackCollector::process_of(Pid pid, std::uint64_t stack_start, MonotonicTime now,
                                                                    bool again) {
    if (bring_code_records_) bring_code_records_();
    const auto found = processes_.find(pid);
    const bool known = found != processes_.end();
    if (known && found->second->maps.memory.stack_start == stack_start) {
        const Process& process = *found->second;
        const std::uint64_t age = elapsed(process.read, now);
        const std::size_t mappings = process.maps.mappings.size();
        if (process.stale && age < read_interval(mappings)) return past_process(pid, stack_start, now);
        if (!process.stale && (!again || age < look_again_after(mappings))) {
            if (!process.published) place(pid, *found->second);
            return found->second;
        }
    }
    if (!known && processes_.size() >= options_.most_processes) return nullptr;
    auto maps = read_executable_maps(pid, kMostMappings);
    if (!maps || maps->memory.stack_start != stack_start) {
        if (auto past = past_process(pid, stack_start, now)) return past;
    }
    if (!maps) return known ? found->second : nullptr;
    // Copies of another program's stacks, or from before other code was mapped, keep the mappings of then.
    const bool same = known && !found->second->stale && found->second->maps.memory.stack_start == maps->memory.stack_start;
    auto process = same ? found->second : std::make_shared<Process>();
    processes_[pid] = process;
    process->maps = std::move(*maps);
    process->read = now;
    place(pid, *process);
    return process;
}

std::shared_ptr<StackCollector::Process> StackCollector::past_process(Pid pid, std::uint64_t stack_start,
                                                                      MonotonicTime time) {
    auto mappings = history_.at(pid, time);
    if (!mappings) return nullptr;
    auto process = std::make_shared<Process>();
    process->maps = {*std::move(mappings), {.stack_start = stack_start}};
    process->read = time;
    place(pid, *process);
    return process;
}

// Not one that has ended, or has executed something else since.
bool StackCollector::is_current(Pid pid, const Process& process) const {
    const auto found = processes_.find(pid);
    return found != processes_.end() && found->second.get() == &process;
}

// Finds the modules of all mappings; complete once all are described.
void StackCollector::place(Pid pid, Process& process) {
    process.placed.clear();
    process.complete = true;
    for (const ExecutableMapping& mapping : process.maps.mappings) {
        const std::optional<ModuleNumber> module = modules_.find(pid, mapping);
        process.complete &= module.has_value();
        if (module) process.placed.push_back({mapping.start, mapping.end, modules_.bias_of(mapping, *module), *module});
    }
    if (process.complete && tables_ != nullptr && is_current(pid, process)) {
        process.published = tables_->publish_process(pid, process.placed, process.maps.memory);
    }
}

// Once more, now that more files are described. Copies may be of processes that are current no more.
void StackCollector::place_described() {
    for (const auto& [pid, process] : processes_) {
        if (!process->complete) place(pid, *process);
    }
    for (const Copy& copy : copies_) {
        if (!copy.process->complete && !is_current(copy.pid, *copy.process)) place(copy.pid, *copy.process);
    }
}

void StackCollector::on(const CodeRecord& record) {
    std::visit([this](const auto& typed) { history_.on(typed); }, record);
    if (const auto* mapped = std::get_if<CodeMapped>(&record)) return lay_over_process(*mapped);
    const auto& begun = std::get<ProgramBegun>(record);
    const auto found = processes_.find(begun.pid);
    if (found != processes_.end() && begun.time > found->second->read) forget(begun.pid);
}

void StackCollector::lay_over_process(const CodeMapped& mapped) {
    const auto found = processes_.find(mapped.pid);
    if (found == processes_.end() || mapped.time <= found->second->read) return;
    std::shared_ptr<Process>& process = found->second;
    withdraw(mapped.pid, process);
    lay_over(process->maps, mapped.mapping);
    process->stale |= process->maps.mappings.size() > kMostMappings;
}

// The kernel side walks no further by what it knows; the next stack comes as a copy, and has the mappings placed anew.
// Copies of stacks from before keep the mappings of then.
void StackCollector::withdraw(Pid pid, std::shared_ptr<Process>& process) {
    if (process.use_count() > 1) {
        process = std::make_shared<Process>(*process);
        process->charged = false;
    }
    process->placed.clear();
    process->complete = false;
    if (process->published && tables_ != nullptr) tables_->forget_process(pid);
    process->published = false;
}

void StackCollector::on_code_records_lost() {
    history_.clear();
    for (auto& [pid, process] : processes_) {
        process->stale = true;
        if (tables_ != nullptr) tables_->forget_process(pid);
    }
}

// Until it executes, a child runs what its parent does; it may be gone before it can be looked at.
void StackCollector::on_forked(Pid parent, Pid child, MonotonicTime time) {
    const auto known = processes_.find(parent);
    if (known == processes_.end()) {
        if (bring_code_records_) bring_code_records_();
        return history_.on_forked(parent, child, time);
    }
    if (processes_.size() >= options_.most_processes) return;
    const auto process = std::make_shared<Process>(*known->second);
    process->published = false;
    process->charged = false;
    processes_[child] = process;
}

void StackCollector::on_exited(Pid pid) {
    forget(pid);
    history_.forget(pid);
}

void StackCollector::forget(Pid pid) {
    if (processes_.erase(pid) != 0 && tables_ != nullptr) tables_->forget_process(pid);
}

// --- copies of stacks -----------------------------------------------------------------------------------------------

bool StackCollector::keep_copy(OpenId id, const StackTaken& taken) {
    if (copied_bytes_ + taken.copied.size() > options_.most_copied_bytes) {
        ++copies_without_room_;
        open_.at(id).sample.stop = StopReason::NO_ROOM;
        return false;
    }
    auto process = process_of(taken.pid, taken.stack_start, taken.time, lacks_mapping(taken.stop));
    // It may have executed another program since.
    if (process == nullptr || process->maps.memory.stack_start != taken.stack_start) return false;
    Copy copy{id,         taken.pid,           std::move(process),
              taken.time, registers_of(taken), {taken.copied.begin(), taken.copied.end()}};
    copy.address = copy.registers.by_number[FF_REGISTER_RSP] - taken.copied_below;
    if (walk(copy, open_.at(id), taken.time)) return false;
    charge(copy);
    copies_.push_back(std::move(copy));
    return true;
}

void StackCollector::charge(Copy& copy) {
    copy.charged = copy.bytes.size();
    if (!std::exchange(copy.process->charged, true)) {
        copy.charged += copy.process->maps.mappings.size() * (sizeof(ExecutableMapping) + sizeof(PlacedMapping));
    }
    copied_bytes_ += copy.charged;
}

void StackCollector::discharge(const Copy& copy) {
    if (copy.charged != copy.bytes.size()) copy.process->charged = false;
    copied_bytes_ -= copy.charged;
}

// There was no room for a copy, so this stack stays as it is; the next ones need not.
void StackCollector::ask_for_what_lacks(const StackTaken& taken) {
    process_of(taken.pid, taken.stack_start, taken.time, lacks_mapping(taken.stop));
    if (taken.stop == StopReason::NO_MAPPING || taken.user.size() == 0) return;
    const ModuleNumber module = taken.user_frame(taken.user.size() - 1).module;
    if (!modules_.has(module)) return;
    modules_.want_table(module);
    if (modules_.at(module).table_state == TableState::kLoaded) publish(module, taken.time);
}

// False: it has to wait for a table.
bool StackCollector::walk(const Copy& copy, Open& open, MonotonicTime now) {
    if (!copy.process->complete) return false;
    Rows rows(modules_, *copy.process);
    const WalkedStack walked = walk_stack(copy.registers, {copy.address, copy.bytes}, rows);
    if (rows.waiting()) return false;
    Sample& sample = open.sample;
    sample.stop = static_cast<StopReason>(walked.stop);
    sample.user.clear();
    for (const WalkedFrame& frame : walked.frames) {
        const PlacedMapping* mapping = rows.mapping_of(frame.address);
        const ModuleNumber module = mapping != nullptr ? mapping->module : 0;
        sample.user.push_back({module, module != 0 ? frame.address - mapping->bias : frame.address, frame.guessed});
    }
    note_seen(sample, copy.time);
    // A table that had to make room is wanted again.
    for (const UserFrame& frame : sample.user) {
        if (modules_.has(frame.module) && modules_.at(frame.module).table_state == TableState::kLoaded)
            publish(frame.module, now);
    }
    return true;
}

void StackCollector::retry_copies(MonotonicTime now) {
    std::deque<Copy> again;
    std::swap(again, copies_);
    for (Copy& copy : again) {
        const auto open = open_.find(copy.sample);
        const bool patient = elapsed(copy.time, now) < options_.patience_nanoseconds;
        if (open != open_.end() && !walk(copy, open->second, now) && patient) {
            copies_.push_back(std::move(copy));
            continue;
        }
        discharge(copy);
        if (open == open_.end()) continue;
        open->second.walked = true;
        settle(copy.sample);
    }
}

void StackCollector::advance(MonotonicTime now) {
    bool described = false;
    const std::vector<ModuleNumber> settled = modules_.take_loaded(&described);
    if (described) place_described();
    const bool late = !copies_.empty() && elapsed(copies_.front().time, now) >= options_.patience_nanoseconds;
    // All of them are walked at once when nothing more is to come, rather than again for each table.
    retry_wanted_ |= described || !settled.empty();
    const bool complete = !modules_.loading() || elapsed(retried_, now) >= kRetryInterval;
    if (late || (retry_wanted_ && complete)) {
        retry_wanted_ = false;
        retried_ = now;
        retry_copies(now);
    }
    // Behind the walks, which publish what they have seen: what was never seen is the first to make room.
    for (const ModuleNumber number : settled) publish(number, now);
    if (modules_.is_short_of_room() && elapsed(gave_up_, now) >= kGiveUpInterval) give_up_modules(now);
}

void StackCollector::give_up_modules(MonotonicTime now) {
    gave_up_ = now;
    std::vector<bool> used(modules_.count());
    const auto use = [&](ModuleNumber number) {
        if (modules_.has(number)) used[number] = true;
    };
    const auto use_stack = [&](const Sample& sample) {
        for (const UserFrame& frame : sample.user) use(frame.module);
    };
    profile_.for_each(use_stack);
    for (const auto& [id, open] : open_) use_stack(open.sample);
    for (const Copy& copy : copies_) {
        for (const PlacedMapping& mapping : copy.process->placed) use(mapping.module);
    }
    for (const auto& [pid, process] : processes_) {
        for (const PlacedMapping& mapping : process->placed) use(mapping.module);
    }
    const bool look_again = modules_.has_room();
    for (const ModuleNumber number : modules_.give_up(used)) {
        if (tables_ != nullptr) tables_->withdraw_table(number);
    }
    for (auto& [pid, process] : processes_) {
        if (look_again && has_code_without_room(*process)) withdraw(pid, process);
    }
}

bool StackCollector::has_code_without_room(const Process& process) {
    return std::any_of(process.placed.begin(), process.placed.end(),
                       [](const PlacedMapping& mapping) { return mapping.module == kModuleWithoutRoom; });
}

void StackCollector::publish(ModuleNumber number, MonotonicTime now) {
    if (tables_ == nullptr) return;
    CodeModule& module = modules_.at(number);
    if (module.table_state == TableState::kNone) return tables_->publish_no_table(number);
    if (module.in_kernel || module.table == nullptr) return;
    module.in_kernel = tables_->publish_table(number, *module.table);
    if (!module.in_kernel) make_room_in_kernel(now);
}

// For whoever comes next: the room has to rest first, and to make more of it meanwhile would take all tables away.
void StackCollector::make_room_in_kernel(MonotonicTime now) {
    if (elapsed(made_room_, now) < kRoomInterval) return;
    ModuleNumber oldest = 0;
    for (std::size_t i = 1; i < modules_.count(); ++i) {
        const CodeModule& module = modules_.at(static_cast<ModuleNumber>(i));
        if (!module.in_kernel) continue;
        if (oldest == 0 || module.last_seen < modules_.at(oldest).last_seen) oldest = static_cast<ModuleNumber>(i);
    }
    if (oldest == 0) return;
    modules_.at(oldest).in_kernel = false;
    tables_->withdraw_table(oldest);
    made_room_ = now;
}

void StackCollector::session_begin(MonotonicTime now) {
    for (auto& [id, open] : open_) {
        open.before_session = elapsed(open.begin, now);
        open.begin = now;
    }
}

void StackCollector::end_now(Open& open, MonotonicTime now) {
    open.ended = true;
    open.blocked_nanoseconds = open.sample.state == StackState::kBlocked ? elapsed(open.begin, now) : 0;
    open.queued_nanoseconds = open.sample.state == StackState::kQueued ? elapsed(open.begin, now) : 0;
}

void StackCollector::session_end(MonotonicTime now) {
    retry_copies({now.nanoseconds + options_.patience_nanoseconds});
    for (const auto& [tid, id] : waiting_) {
        const auto open = open_.find(id);
        if (open == open_.end()) continue;
        end_now(open->second, now);
        settle(id);
    }
    waiting_.clear();
}

void StackCollector::drop_open_waits() {
    for (const auto& [tid, id] : waiting_) waits_without_end_ += open_.erase(id);
    waiting_.clear();
}

std::vector<Sample> StackCollector::open_waits(MonotonicTime now) const {
    std::vector<Sample> samples;
    for (const auto& [tid, id] : waiting_) {
        const auto found = open_.find(id);
        if (found == open_.end() || !found->second.walked) continue;
        Open open = found->second;
        end_now(open, now);
        open.sample.samples = open.waits;
        open.sample.nanoseconds =
            static_cast<std::uint64_t>(static_cast<double>(open.blocked_nanoseconds + open.queued_nanoseconds) * open.waits);
        samples.push_back(std::move(open.sample));
    }
    return samples;
}

}  // namespace footfall
