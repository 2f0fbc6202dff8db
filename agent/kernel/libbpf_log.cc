#include "agent/kernel/libbpf_log.h"

#include <bpf/libbpf.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <deque>
#include <string_view>

namespace footfall {
namespace {

constexpr std::size_t kKeptLines = 400;

// libbpf takes a plain function without a context, so what it says has to be kept per thread.
std::deque<std::string>& kept_lines() {
    static thread_local std::deque<std::string> lines;
    return lines;
}

void keep_line(std::string_view line) {
    if (line.empty()) return;
    kept_lines().emplace_back(line);
    if (kept_lines().size() > kKeptLines) kept_lines().pop_front();
}

// A verifier's log comes as one message of many lines, the verdict at its end.
int keep(libbpf_print_level level, const char* format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length <= 0) return 0;
    std::string text(static_cast<std::size_t>(length), '\0');
    std::vsnprintf(text.data(), text.size() + 1, format, arguments);
    spdlog::debug("{}", std::string_view(text).substr(0, text.find_last_not_of('\n') + 1));
    if (level == LIBBPF_DEBUG) return 0;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        keep_line(std::string_view(text).substr(start, end - start));
        start = end + 1;
    }
    return 0;
}

}  // namespace

LibbpfLog::LibbpfLog() {
    kept_lines().clear();
    libbpf_set_print(keep);
}

LibbpfLog::~LibbpfLog() { libbpf_set_print(nullptr); }

std::string LibbpfLog::tail(std::size_t lines) {
    const auto& kept = kept_lines();
    std::string text;
    for (std::size_t i = kept.size() > lines ? kept.size() - lines : 0; i < kept.size(); ++i) {
        if (!text.empty()) text += '\n';
        text += kept[i];
    }
    return text;
}

}  // namespace footfall
