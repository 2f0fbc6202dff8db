#include "symbolizer/jit/jitdump.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace footfall {
namespace {

constexpr std::uint32_t kJitdumpMagic = 0x4a695444;  // "JiTD" in a number of this machine
constexpr std::uint32_t kMinHeader = 40;
constexpr std::uint32_t kMaxHeader = 4096;
constexpr std::size_t kMaxRead = 4096;                  // of a record: all but the code, and the rest of a very long name
constexpr std::uint64_t kMaxRecordsAtOnce = 1'000'000;  // the rest is read at the next update

struct FileHeader {
    std::uint32_t magic = 0;
    std::uint32_t version = 0;
    std::uint32_t total_size = 0;
};

struct RecordHead {
    std::uint32_t id = 0;
    std::uint32_t total_size = 0;  // with this head
    std::uint64_t timestamp = 0;
};

constexpr std::uint32_t kCodeLoad = 0;
constexpr std::uint32_t kCodeMove = 1;

struct CodeLoad {  // then the name, NUL, and the code
    std::uint32_t pid = 0;
    std::uint32_t tid = 0;
    std::uint64_t vma = 0;
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint64_t index = 0;
};

struct CodeMove {
    std::uint32_t pid = 0;
    std::uint32_t tid = 0;
    std::uint64_t vma = 0;
    std::uint64_t old_address = 0;
    std::uint64_t new_address = 0;
    std::uint64_t size = 0;
    std::uint64_t index = 0;
};

template <typename Value>
bool read_at(int file, std::uint64_t position, Value& value) {
    return pread(file, &value, sizeof value, static_cast<off_t>(position)) == static_cast<ssize_t>(sizeof value);
}

template <typename Value>
bool take(std::string_view& bytes, Value& value) {
    if (bytes.size() < sizeof value) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
    return true;
}

}  // namespace

bool JitDump::is_path(std::string_view path) {
    constexpr std::string_view kBegin = "jit-";
    constexpr std::string_view kEnd = ".dump";
    std::string_view name = path.substr(path.find_last_of('/') + 1);
    if (!name.starts_with(kBegin) || !name.ends_with(kEnd) || name.size() <= kBegin.size() + kEnd.size()) return false;
    name = name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
    return name.find_first_not_of("0123456789") == std::string_view::npos;
}

Miss JitDump::update(int file) {
    struct stat status {};
    if (fstat(file, &status) != 0) return Miss::kNoSuchFile;
    const auto size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    if (status.st_dev != device_ || status.st_ino != inode_ || size < position_) {
        code_.clear();
        position_ = 0;
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
    if (position_ == 0) {
        if (const Miss miss = read_header(file); miss != Miss::kNone) return miss;
    }
    Miss miss = Miss::kNone;
    std::string bytes(kMaxRead, '\0');
    RecordHead head;
    for (std::uint64_t i = 0; i < kMaxRecordsAtOnce && read_at(file, position_, head); ++i) {
        if (head.total_size < sizeof head) return Miss::kMalformed;
        if (head.total_size > size - std::min(size, position_)) break;  // not whole yet
        if (head.id == kCodeLoad || head.id == kCodeMove) {
            const std::size_t wanted = std::min<std::size_t>(head.total_size - sizeof head, kMaxRead);
            const ssize_t count = pread(file, bytes.data(), wanted, static_cast<off_t>(position_ + sizeof head));
            if (count != static_cast<ssize_t>(wanted)) break;
            const auto record = std::string_view(bytes).substr(0, wanted);
            if (!(head.id == kCodeLoad ? load_code(record) : move_code(record))) miss = Miss::kTooLarge;
        }
        position_ += head.total_size;
    }
    return miss;
}

Miss JitDump::read_header(int file) {
    FileHeader header;
    if (!read_at(file, 0, header) || header.magic != kJitdumpMagic || header.total_size < kMinHeader ||
        header.total_size > kMaxHeader)
        return Miss::kMalformed;
    position_ = header.total_size;
    return Miss::kNone;
}

bool JitDump::load_code(std::string_view record) {
    CodeLoad load;
    if (!take(record, load)) return true;
    return code_.add(load.address, load.size, record.substr(0, record.find('\0')));
}

bool JitDump::move_code(std::string_view record) {
    CodeMove move;
    if (!take(record, move)) return true;
    return code_.move(move.old_address, move.new_address) || !code_.full();
}

}  // namespace footfall
