#include "agent/processes/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/base/fd.h"

namespace footfall {
namespace {

constexpr std::size_t kChunk = 4096;

}  // namespace

tl::expected<std::string, int> read_small_file_at(int directory, const char* name, std::size_t limit) {
    const Fd fd(openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid()) return tl::unexpected(errno);

    std::string text;
    while (text.size() < limit) {
        const std::size_t old_size = text.size();
        const std::size_t wanted = std::min(kChunk, limit - old_size);
        text.resize(old_size + wanted);
        const ssize_t count = read(fd.get(), text.data() + old_size, wanted);
        const int error = errno;
        text.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count < 0 && error != EINTR) return tl::unexpected(error);
        if (count == 0) break;
    }
    return text;
}

tl::expected<std::string, int> read_small_file(const std::filesystem::path& file, std::size_t limit) {
    return read_small_file_at(AT_FDCWD, file.c_str(), limit);
}

std::optional<std::string> read_first_line(const std::filesystem::path& file) {
    auto text = read_small_file(file);
    if (!text) return std::nullopt;
    text->resize(std::min(text->size(), text->find('\n')));
    return std::move(*text);
}

}  // namespace footfall
