#include "agent/stacks/modules.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "agent/stacks/open_mapped.h"
#include "symbolizer/jit/jitdump.h"

namespace footfall {
namespace {

constexpr const char* kVdso = "[vdso]";
constexpr std::uint64_t kVdsoInode = 0;
constexpr std::size_t kFilesForEachModule = 4;  // a container's files are others than the same ones of the host
constexpr std::size_t kFewOf = 8;               // an eighth of the numbers is few
constexpr std::uint64_t kTableTicket = std::uint64_t{1} << 63;  // beside the module's number

// The vDSO is the same in all 64-bit processes of a host, so ours will do.
Fd copy_of_vdso() {
    constexpr std::size_t kMostBytes = 8192;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how the kernel tells
    const auto* image = reinterpret_cast<const char*>(getauxval(AT_SYSINFO_EHDR));
    Fd file(memfd_create(kVdso, MFD_CLOEXEC));
    if (image == nullptr || !file.valid()) return {};
    Elf64_Ehdr header;
    std::memcpy(&header, image, sizeof header);
    const std::size_t size =
        std::min<std::size_t>(header.e_shoff + std::size_t{header.e_shnum} * header.e_shentsize, kMostBytes);
    return write(file.get(), image, size) == static_cast<ssize_t>(size) ? std::move(file) : Fd();
}

// The process's file system as a path. Ours, where it is the same: that stays when the process ends.
std::string root_of(Pid pid) {
    const std::string root = fmt::format("/proc/{}/root", number(pid));
    struct stat own {};
    struct stat its {};
    if (stat("/", &own) != 0 || stat(root.c_str(), &its) != 0) return "/";
    return own.st_dev == its.st_dev && own.st_ino == its.st_ino ? "/" : root;
}

// What a table is kept and shared by; empty: it is not. A build-id is a note that anybody can write into a file, so it is
// believed of files that only root could have written, and told apart by what a copy of the same file has in common.
std::string shared_name(int fd, const std::string& build_id) {
    struct stat status {};
    if (build_id.empty() || fstat(fd, &status) != 0) return {};
    if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return {};
    return fmt::format("{}-{:x}-{:x}", build_id, status.st_size, status.st_mtim.tv_sec);
}

bool has_no_file(const ExecutableMapping& mapping) { return mapping.inode == 0 && mapping.path != kVdso; }

}  // namespace

FileVersion FileVersion::of(const Fd& file) {
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return {};
    return {status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

CodeModules::CodeModules(ModuleLoader& loader, std::size_t most, std::uint64_t rest_nanoseconds)
    : loader_(loader), most_(most), rest_(rest_nanoseconds) {
    modules_.push_back(std::make_unique<CodeModule>());
}

std::optional<ModuleNumber> CodeModules::find(Pid pid, const ExecutableMapping& mapping) {
    if (has_no_file(mapping)) return 0;
    if (JitDump::is_path(mapping.path)) {
        jitdumps_.note(pid, mapping);
        return 0;
    }
    const FileKey key{mapping.device, mapping.path == kVdso ? kVdsoInode : mapping.inode};
    if (!files_.contains(key)) make_room();
    File& file = files_[key];
    file.last_use = ++uses_;
    if (file.undescribed || file.module == kModuleWithoutRoom) return file.module;
    const Fd& kept = file.twin.valid() ? file.twin : modules_[file.module.value_or(0)]->file;
    if (!kept.valid()) {
        // A process before this one may have ended too early for its files to be opened; this one may be no better.
        Fd opened = mapping.path == kVdso ? copy_of_vdso() : open_mapped(pid, mapping);
        if (opened.valid() || !file.module) begin(pid, mapping, key, file, std::move(opened));
    } else if (FileVersion::of(kept) != file.version) {
        begin(pid, mapping, key, file, Fd(fcntl(kept.get(), F_DUPFD_CLOEXEC, 0)));
    }
    return file.module;
}

void CodeModules::make_room() {
    const std::size_t most = most_ * kFilesForEachModule;
    if (files_.size() < most) return;
    std::vector<std::uint64_t> uses;
    for (const auto& [key, file] : files_) uses.push_back(file.last_use);
    const auto middle = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2);
    std::nth_element(uses.begin(), middle, uses.end());
    std::erase_if(files_, [&](const auto& entry) { return !entry.second.undescribed && entry.second.last_use < *middle; });
}

void CodeModules::begin(Pid pid, const ExecutableMapping& mapping, const FileKey& key, File& file, Fd opened) {
    file.module.reset();
    file.twin.reset();
    file.version = FileVersion::of(opened);
    file.undescribed = std::make_unique<CodeModule>();
    CodeModule& module = *file.undescribed;
    module.path = mapping.path;
    module.root = root_of(pid);
    module.file = std::move(opened);
    module.version = file.version;
    if (!module.file.valid()) {
        settle(file, {.miss = Miss::kNoSuchFile});
        return;
    }
    asked_[next_ticket_] = key;
    loader_.describe(next_ticket_++, module.file.get());
    ++outstanding_;
}

void CodeModules::settle(File& file, Loaded loaded) {
    const std::unique_ptr<CodeModule> module = std::move(file.undescribed);
    const std::string name = shared_name(module->file.get(), loaded.description.build_id);
    if (const auto known = by_name_.find(name); !name.empty() && known != by_name_.end()) {
        file.module = known->second;
        file.twin = std::move(module->file);
        return;
    }
    file.module = take_number().value_or(kModuleWithoutRoom);
    left_out_ |= file.module == kModuleWithoutRoom;
    if (file.module == kModuleWithoutRoom) return;
    const ModuleNumber number = *file.module;
    CodeModule& settled = *(modules_[number] = std::make_unique<CodeModule>(std::move(*module)));
    if (!name.empty()) by_name_[name] = number;
    settled.description = std::move(loaded.description);
    if (loaded.miss != Miss::kNone) {
        settled.table_state = TableState::kNone;
        without_table_.push_back(number);
    }
}

std::optional<ModuleNumber> CodeModules::take_number() {
    if (modules_.size() < most_) {
        modules_.emplace_back();
        return static_cast<ModuleNumber>(modules_.size() - 1);
    }
    if (!has_room()) return std::nullopt;
    const ModuleNumber number = given_up_.front().number;
    given_up_.pop_front();
    return number;
}

bool CodeModules::has_room() const {
    const bool rested = !given_up_.empty() && elapsed(given_up_.front().time, monotonic_now()) >= rest_;
    return modules_.size() < most_ || rested;
}

bool CodeModules::is_short_of_room() const {
    return left_out_ || most_ - modules_.size() + given_up_.size() < std::max<std::size_t>(most_ / kFewOf, 1);
}

std::vector<ModuleNumber> CodeModules::give_up(const std::vector<bool>& used) {
    std::vector<bool> gone(modules_.size());
    for (std::size_t i = 1; i < modules_.size(); ++i) {
        const bool is_loading = modules_[i]->table_state == TableState::kLoading;
        gone[i] = !(i < used.size() && used[i]) && !is_loading;
    }
    for (const GivenUp& before : given_up_) gone[before.number] = false;
    const bool look_again = has_room();
    if (look_again) left_out_ = false;
    const auto is_gone = [&](ModuleNumber number) { return number == kModuleWithoutRoom ? look_again : gone[number]; };
    std::erase_if(files_, [&](const auto& entry) {
        const File& file = entry.second;
        return !file.undescribed && file.module && is_gone(*file.module);
    });
    std::erase_if(without_table_, is_gone);
    std::erase_if(by_name_, [&](const auto& entry) { return is_gone(entry.second); });
    std::vector<ModuleNumber> given_up;
    for (std::size_t i = 1; i < modules_.size(); ++i) {
        if (!gone[i]) continue;
        *modules_[i] = CodeModule{};
        modules_[i]->given_up = true;
        given_up.push_back(static_cast<ModuleNumber>(i));
        given_up_.push_back({given_up.back(), monotonic_now()});
    }
    return given_up;
}

std::uint64_t CodeModules::bias_of(const ExecutableMapping& mapping, ModuleNumber number) const {
    if (!has(number)) return 0;
    const std::uint64_t size = mapping.end - mapping.start;
    for (const CodeSegment& segment : modules_[number]->description.code) {
        const bool apart =
            segment.file_offset >= mapping.file_offset + size || segment.file_offset + segment.size <= mapping.file_offset;
        if (!apart) return mapping.start - mapping.file_offset + segment.file_offset - segment.address;
    }
    return mapping.start - mapping.file_offset;
}

void CodeModules::want_table(ModuleNumber number) {
    if (!has(number)) return;
    CodeModule& module = *modules_[number];
    if (module.table_state != TableState::kUnknown) return;
    if (module.was_rewritten()) {
        module.table_state = TableState::kNone;
        without_table_.push_back(number);
        return;
    }
    module.table_state = TableState::kLoading;
    const int file = module.file.get();
    loader_.load_table(kTableTicket | number, file, shared_name(file, module.description.build_id));
    ++outstanding_;
}

std::vector<ModuleNumber> CodeModules::take_loaded(bool* described) {
    std::vector<ModuleNumber> known;
    for (Loaded& loaded : loader_.take()) {
        --outstanding_;
        if (!loaded.is_table) {
            *described = true;
            const auto asked = asked_.extract(loaded.ticket);
            settle(files_[asked.mapped()], std::move(loaded));
            continue;
        }
        const auto number = static_cast<ModuleNumber>(loaded.ticket);
        CodeModule& module = *modules_[number];
        module.table_state = loaded.table ? TableState::kLoaded : TableState::kNone;
        if (loaded.table) module.table = std::make_shared<TableFile>(std::move(*loaded.table));
        known.push_back(number);
    }
    known.insert(known.end(), without_table_.begin(), without_table_.end());
    without_table_.clear();
    return known;
}

}  // namespace footfall
