// Go's function table (.gopclntab) as bytes, for tests: functions by where they begin, with what is said of their stack
// pointers. What a test wants to be wrong, it overwrites.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/unwind/elf_image.h"

namespace footfall {

struct TableFunction {
    std::uint32_t begin = 0;  // from the start of the text on
    std::string name;
    std::vector<std::pair<int, std::uint32_t>> depths;  // of the stack, and for how many bytes; none: no program
    std::uint8_t flags = 0;
};

class GoTableBytes {
public:
    static constexpr std::uint32_t kGo118 = 0xfffffff0;
    static constexpr std::uint32_t kGo120 = 0xfffffff1;
    static constexpr std::size_t kHeader = 72;

    std::uint32_t magic = kGo120;
    std::uint64_t text_start = 0;
    std::vector<TableFunction> functions;
    std::uint32_t end = 0;  // of the last function

    [[nodiscard]] Bytes bytes() const {
        Bytes names(1);
        Bytes programs(1);
        Bytes index;
        Bytes records;
        for (const TableFunction& function : functions) {
            put<std::uint32_t>(index, function.begin);
            put<std::uint32_t>(index, static_cast<std::uint32_t>(8 * functions.size() + 4 + records.size()));
            put_record(records, function, names.size(), function.depths.empty() ? 0 : programs.size());
            names.insert(names.end(), function.name.begin(), function.name.end());
            names.push_back(0);
            put_program(programs, function);
        }
        put<std::uint32_t>(index, end);

        Bytes table;
        put<std::uint32_t>(table, magic);
        for (const std::uint8_t byte : {0, 0, 1, 8}) table.push_back(byte);
        const std::uint64_t functions_at = kHeader + names.size() + programs.size();
        for (const std::uint64_t word :
             {std::uint64_t{functions.size()}, std::uint64_t{0}, text_start, std::uint64_t{kHeader}, std::uint64_t{kHeader},
              std::uint64_t{kHeader}, kHeader + names.size(), functions_at})
            put<std::uint64_t>(table, word);
        for (const Bytes* part : {&names, &programs, &index, &records})
            table.insert(table.end(), part->begin(), part->end());
        return table;
    }

    static void put_varint(Bytes& bytes, std::uint32_t value) {
        for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
        bytes.push_back(static_cast<std::uint8_t>(value));
    }

private:
    void put_record(Bytes& records, const TableFunction& function, std::size_t name, std::size_t program) const {
        put<std::uint32_t>(records, function.begin);
        put<std::uint32_t>(records, static_cast<std::uint32_t>(name));
        for (int i = 0; i < 2; ++i) put<std::uint32_t>(records, 0);  // arguments, deferred return
        put<std::uint32_t>(records, static_cast<std::uint32_t>(program));
        for (int i = 0; i < 4; ++i) put<std::uint32_t>(records, 0);  // files, lines, other programs, unit
        if (magic == kGo120) put<std::uint32_t>(records, 1);         // the first line
        for (const std::uint8_t byte : {std::uint8_t{0}, function.flags, std::uint8_t{0}, std::uint8_t{0}})
            records.push_back(byte);
    }

    static void put_program(Bytes& programs, const TableFunction& function) {
        int before = -1;
        for (const auto& [depth, length] : function.depths) {
            const int change = depth - before;
            put_varint(programs, change < 0 ? (~static_cast<std::uint32_t>(change) << 1) | 1
                                            : static_cast<std::uint32_t>(change) << 1);
            put_varint(programs, length);
            before = depth;
        }
        if (!function.depths.empty()) programs.push_back(0);
    }
};

}  // namespace footfall
