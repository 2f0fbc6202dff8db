// The rows that the table of an ELF file has for some addresses of it, a line each, for record.py:
//
//   unwind_rows FILE ADDRESS...     addresses as ELF has them, in hex
#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "agent/base/fd.h"
#include "tests/unit/unwind/memory_table.h"
#include "tests/unit/unwind/recorded/rule_names.h"

namespace footfall {
namespace {

std::string_view name_of(const ff_unwind_row& row) {
    return std::find_if(kRuleNames.begin(), kRuleNames.end(), [&](const RuleName& known) { return known.rule == row.cfa; })
        ->name;
}

int print_rows(const char* path, char** begin, char** end) {
    const Fd fd(open(path, O_RDONLY | O_CLOEXEC));
    MemoryTable table;
    if (!fd.valid() || !build_unwind_table(fd.get(), table)) {
        std::fprintf(stderr, "unwind_rows: can't make a table of %s: is it a readable ELF file?\n", path);
        return 1;
    }
    for (char** word = begin; word != end; ++word) {
        const std::uint64_t address = std::strtoull(*word, nullptr, 16);
        const ff_unwind_row* row = table.row_at(address);
        if (row == nullptr) continue;
        std::printf("%lx %s %d %d %d\n", address, name_of(*row).data(), row->rbp, row->rbx, row->offset);
    }
    return 0;
}

}  // namespace
}  // namespace footfall

int main(int count, char** words) {
    if (count < 3) {
        std::fputs("usage: unwind_rows FILE ADDRESS...\n", stderr);
        return 2;
    }
    return footfall::print_rows(words[1], words + 2, words + count);
}
