#include "agent/stacks/stack_collector.h"

#include <sys/syscall.h>

#include <algorithm>
#include <utility>

#include "symbolizer/unwind/page_rows.h"

namespace footfall {
namespace {

constexpr std::uint64_t kRetryInterval = 50'000'000;
constexpr std::uint64_t kGiveUpInterval = 10 * kNanosecondsPerSecond;
constexpr std::uint64_t kRoomInterval = 100'000'000;  // room that was made in the kernel can't be used sooner

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
    Rows(CodeModules& modules, const ProcessCode& process) : modules_(modules), process_(process) {}

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
    const ProcessCode& process_;
    bool waiting_ = false;
};

StackCollector::StackCollector(CollectorOptions options, KernelTables* tables, ServiceOf service_of)
    : options_(std::move(options)),
      tables_(tables),
      service_of_(std::move(service_of)),
      loader_(options_.loader),
      modules_(loader_, options_.most_modules),
      processes_(modules_, tables_, options_.most_processes),
      interpreters_(modules_, tables_, options_.most_processes) {
    processes_.set_listener(&interpreters_);
    if (tables_ != nullptr) tables_->publish_no_table(kModuleWithoutRoom);
}

std::optional<StackCollector::SampleId> StackCollector::on(const StackTaken& taken) {
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
    sample.called = taken.called;
    open.ended = taken.state == StackState::kRunning || taken.state == StackState::kCalled;
    note_seen(sample, taken.time);
    open.script = interpreters_.read(taken);

    if (!open.ended) wait_spacing_.on_wait(taken.time);
    if (taken.state == StackState::kCalled) call_spacing_.on_wait(taken.time);
    const OpenId id = next_open_++;
    if (!open.ended && !keep_wait(taken.tid, id)) return std::nullopt;
    open.attributed = !options_.with_operations;
    open.walked = false;
    Open& kept = open_.emplace(id, std::move(open)).first->second;
    const bool copied = lacks_table(taken.stop) && !taken.copied.empty();
    if (!copied && lacks_table(taken.stop)) ask_for_what_lacks(taken);
    if (!copied || !keep_copy(id, taken)) set_walked(kept);
    settle(id);
    return options_.with_operations ? std::optional(id) : std::nullopt;
}

// All native frames that can be known are known.
void StackCollector::set_walked(Open& open) {
    open.walked = true;
    interpreters_.merge(open.sample.pid, open.script, open.sample);
    open.script = {};
}

void StackCollector::set_operation(SampleId id, std::optional<OperationId> operation) {
    const auto open = open_.find(id);
    if (open == open_.end()) return;
    open->second.sample.operation = operation;
    open->second.attributed = true;
    settle(id);
}

// False: too many go on.
bool StackCollector::keep_wait(Tid tid, OpenId id) {
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
    if (open == open_.end() || !open->second.walked || !open->second.ended || !open->second.attributed) return;
    add(open->second);
    open_.erase(open);
}

void StackCollector::add(const Open& open) {
    Sample sample = open.sample;
    if (is_between_programs(sample)) sample.stop = StopReason::NO_USER_STACK;
    if (sample.state == StackState::kRunning) return profile_.add(sample);
    if (sample.state == StackState::kCalled) {
        sample.samples = open.waits;
        return calls_.add(sample);
    }
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

// --- copies of stacks -----------------------------------------------------------------------------------------------

bool StackCollector::keep_copy(OpenId id, const StackTaken& taken) {
    if (copied_bytes_ + taken.copied.size() > options_.most_copied_bytes) {
        ++copies_without_room_;
        open_.at(id).sample.stop = StopReason::NO_ROOM;
        return false;
    }
    auto process = processes_.of(taken.pid, taken.stack_start, taken.time, lacks_mapping(taken.stop));
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
    processes_.of(taken.pid, taken.stack_start, taken.time, lacks_mapping(taken.stop));
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
    const HotspotProcess* made = interpreters_.code_of(copy.pid, copy.process->maps.memory.stack_start);
    const WalkedStack walked = walk_stack(copy.registers, {copy.address, copy.bytes}, rows, made);
    if (rows.waiting()) return false;
    Sample& sample = open.sample;
    sample.stop = static_cast<StopReason>(walked.stop);
    sample.user.clear();
    for (const WalkedFrame& frame : walked.frames) {
        const PlacedMapping* mapping = rows.mapping_of(frame.address);
        const ModuleNumber module = mapping != nullptr ? mapping->module : 0;
        sample.user.push_back({module, module != 0 ? frame.address - mapping->bias : frame.address, frame.guessed});
    }
    if (made != nullptr) open.script = interpreters_.name(copy.pid, walked);
    note_seen(sample, copy.time);
    // A table that had to make room is wanted again.
    for (const UserFrame& frame : sample.user) {
        if (modules_.has(frame.module) && modules_.at(frame.module).table_state == TableState::kLoaded)
            publish(frame.module, now);
    }
    return true;
}

// Once more, now that more files are described. Copies may be of processes that are current no more.
void StackCollector::place_described() {
    processes_.place_described();
    for (const Copy& copy : copies_) {
        if (!copy.process->complete && !processes_.is_current(copy.pid, *copy.process))
            processes_.place(copy.pid, *copy.process);
    }
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
        set_walked(open->second);
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
    calls_.for_each(use_stack);
    for (const auto& [id, open] : open_) use_stack(open.sample);
    for (const Copy& copy : copies_) {
        for (const PlacedMapping& mapping : copy.process->placed) use(mapping.module);
    }
    processes_.for_each([&](const ProcessCode& process) {
        for (const PlacedMapping& mapping : process.placed) use(mapping.module);
    });
    const bool look_again = modules_.has_room();
    for (const ModuleNumber number : modules_.give_up(used)) {
        if (tables_ != nullptr) tables_->withdraw_table(number);
    }
    if (look_again) processes_.look_again_for_room();
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
    wait_spacing_.begin(now);
    call_spacing_.begin(now);
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
