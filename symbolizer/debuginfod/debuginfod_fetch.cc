#include "symbolizer/debuginfod/debuginfod_fetch.h"

#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "agent/base/fd.h"
#include "symbolizer/frame.h"
#include "symbolizer/worker/sandbox.h"

namespace footfall {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxMemory = std::size_t{1} << 30;
// Beyond max_bytes, so that what is too large is seen to be by the look at its progress, which names it.
constexpr std::uint64_t kFileSlack = std::uint64_t{16} << 20;

// Says the outcome and nothing else: whatever libdebuginfod still has open or running ends with the process.
[[noreturn]] void end_with(Miss miss) { _exit(static_cast<int>(miss)); }

template <typename Function>
Function* in_library(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

struct Download {
    const FetchOrder& order;
    Clock::time_point start = Clock::now();
    Clock::time_point last_byte = start;
    long bytes = 0;
    bool begun = false;  // the server sends the file
};

// Ends a process that hangs where on_progress() is not called: name resolution may.
void set_watchdog(const FetchOrder& order) {
    constexpr std::chrono::seconds kBetweenCalls{2};
    alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(order.silence + kBetweenCalls).count()));
}

// Called by libdebuginfod at least every second. size: 0 before the server sends the file.
int on_progress(debuginfod_client* client, long bytes, long size) {
    auto& download =
        *static_cast<Download*>(in_library<decltype(debuginfod_get_user_data)>("debuginfod_get_user_data")(client));
    const FetchOrder& order = download.order;
    const Clock::time_point now = Clock::now();
    download.begun |= size != 0;
    if (download.begun && bytes != download.bytes) {
        download.bytes = bytes;
        download.last_byte = now;
    }
    const auto most = static_cast<std::int64_t>(order.max_bytes);
    if (download.begun && (bytes > most || size > most)) end_with(Miss::kDebuginfodTooLarge);
    if (now - download.last_byte >= order.silence) end_with(Miss::kDebuginfodSilent);
    if (now - download.start >= order.time) end_with(Miss::kDebuginfodLate);
    set_watchdog(order);
    return 0;
}

Miss miss_of(int error, const Download& download) {
    switch (error) {
        case ENOENT:  // which libdebuginfod also says of a transfer that broke off
            return download.begun ? Miss::kDebuginfodFailed : Miss::kDebuginfodAbsent;
        case EFBIG:
            return Miss::kDebuginfodTooLarge;
        case ETIME:
            return Miss::kDebuginfodSilent;
        case EIO:
        case ENOSPC:
        case EDQUOT:
        case EROFS:
        case EACCES:
            return Miss::kDebuginfodNoCache;
        default:
            return Miss::kDebuginfodFailed;
    }
}

bool copy_all(int from, int to) {
    constexpr std::size_t kAtOnce = std::size_t{1} << 30;
    off_t at = 0;
    while (true) {
        const ssize_t count = sendfile(to, from, &at, kAtOnce);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count == 0;
    }
}

// What libdebuginfod takes from its environment. The time that it may take is watched here, to the millisecond.
void configure(const FetchOrder& order) {
    setenv("DEBUGINFOD_CACHE_PATH", ".", 1);
    setenv("DEBUGINFOD_MAXSIZE", std::to_string(order.max_bytes).c_str(), 1);
    setenv("DEBUGINFOD_TIMEOUT", "0", 1);
    setenv("DEBUGINFOD_RETRY_LIMIT", "0", 1);
    for (const char* other : {"DEBUGINFOD_MAXTIME", "DEBUGINFOD_PROGRESS", "DEBUGINFOD_VERBOSE", "DEBUGINFOD_HEADERS_FILE"})
        unsetenv(other);
}

Miss fetch(const FetchOrder& order) {
    if (dlopen(DEBUGINFOD_SONAME, RTLD_NOW | RTLD_GLOBAL) == nullptr) return Miss::kDebuginfodNoLibrary;
    debuginfod_client* client = in_library<decltype(debuginfod_begin)>("debuginfod_begin")();
    if (client == nullptr) return Miss::kDebuginfodNoHelper;
    Download download{order};
    in_library<decltype(debuginfod_set_user_data)>("debuginfod_set_user_data")(client, &download);
    in_library<decltype(debuginfod_set_progressfn)>("debuginfod_set_progressfn")(client, on_progress);
    // Of its own accord, it would tell the system and its release.
    in_library<decltype(debuginfod_add_http_header)>("debuginfod_add_http_header")(client, "User-Agent: footfall");
    set_watchdog(order);
    const auto* id = reinterpret_cast<const unsigned char*>(order.build_id.c_str());
    const Fd file(in_library<decltype(debuginfod_find_debuginfo)>("debuginfod_find_debuginfo")(client, id, 0, nullptr));
    if (!file.valid()) return miss_of(-file.get(), download);
    alarm(0);
    return copy_all(file.get(), kFetchedFile) ? Miss::kNone : Miss::kDebuginfodNoCache;
}

template <typename Number>
bool read_number(const std::string& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number > 0;
}

}  // namespace

std::vector<std::string> arguments_of(const FetchOrder& order) {
    return {order.build_id, std::to_string(order.max_bytes), std::to_string(order.time.count()),
            std::to_string(order.silence.count())};
}

std::optional<FetchOrder> order_of(const std::vector<std::string>& arguments) {
    FetchOrder order;
    std::int64_t time = 0;
    std::int64_t silence = 0;
    if (arguments.size() != 4 || !read_number(arguments[1], order.max_bytes) || !read_number(arguments[2], time) ||
        !read_number(arguments[3], silence))
        return std::nullopt;
    order.build_id = arguments[0];
    order.time = std::chrono::milliseconds(time);
    order.silence = std::chrono::milliseconds(silence);
    return order;
}

int run_debuginfod_fetch(const std::vector<std::string>& arguments) {
    const auto order = order_of(arguments);
    if (!order || fchdir(kFetchDirectory) != 0) return static_cast<int>(Miss::kDebuginfodNoHelper);
    if (const auto inside = enter_network_sandbox(kMaxMemory, order->max_bytes + kFileSlack); !inside) {
        std::fprintf(stderr, "footfall: debuginfod: %s\n", inside.error().what.c_str());
        return static_cast<int>(Miss::kDebuginfodNoHelper);
    }
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails
    configure(*order);
    end_with(fetch(*order));
}

}  // namespace footfall
