#include "output/folded/folded_stacks.h"

#include <algorithm>
#include <map>
#include <vector>

#include "output/session/utf8.h"
#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

constexpr std::uint64_t kNanosPerMicro = 1'000;

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029; }

void append_safe(std::string& out, std::string_view name) {
    if (name.empty()) out += "[unknown]";
    char32_t before = 0;
    while (!name.empty()) {
        const char32_t c = take_character(name).character;
        if (c == ' ') {
            if (before != ',') out += '_';
        } else if (c == ';') {
            out += ':';
        } else if (is_control(c)) {
            out += '?';
        } else {
            append_utf8(out, c);
        }
        before = c;
    }
}

std::string_view ending(const NamedFrame& frame) {
    if (frame.kernel) return "_[k]";
    if (frame.inlined) return "_[i]";
    return frame.jit ? "_[j]" : "";
}

std::string folded(const StackSample& sample, const StackReader& reader) {
    std::string line;
    append_safe(line, reader.text(sample.service()));
    line += ';';
    append_safe(line, reader.text(sample.thread()));
    if (const std::string_view stop = reader.text(sample.stop()); !is_complete(stop)) {
        line += ";[incomplete:";
        append_safe(line, stop);
        line += ']';
    }
    const std::vector<StackEntry> frames = reader.frames_of(sample);
    for (auto entry = frames.rbegin(); entry != frames.rend(); ++entry) {
        line += ';';
        append_safe(line, entry->frame->name);
        line += ending(*entry->frame);
    }
    return line;
}

}  // namespace

Result<std::string> folded_stacks(const Stacks& stacks) {
    const StackReader reader(stacks);
    if (const auto size = check_unfolded_size(reader); !size) return tl::unexpected(size.error());
    struct Sum {
        std::uint64_t nanos = 0;
        std::uint64_t calls = 0;
    };
    std::map<std::string, Sum> sums;
    for (const StackSample& sample : stacks.samples()) {
        Sum& sum = sums[folded(sample, reader)];
        sum.nanos += sample.nanos();
        if (sample.state() == STACK_CALLED) sum.calls += sample.samples();
    }

    std::string out;
    for (const auto& [line, sum] : sums) {
        const std::uint64_t micros = (sum.nanos + kNanosPerMicro / 2) / kNanosPerMicro;
        const std::uint64_t value = sum.nanos > 0 ? std::max<std::uint64_t>(micros, 1) : sum.calls;
        if (value != 0) out += line + " " + std::to_string(value) + "\n";
    }
    return out;
}

}  // namespace footfall
