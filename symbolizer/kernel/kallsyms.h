// Names of kernel functions: the kernel itself, its modules and BPF programs, as /proc/kallsyms lists them.
//
// One load takes some tens of milliseconds and keeps a few megabytes. Modules and BPF programs come and go: load again when
// an address has no name, but not more often than is worth that time. Threads: a loaded table is immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/frame.h"

namespace footfall {

struct KernelSymbol {
    std::string_view function;  // views into the table
    std::string_view module;    // "kernel", "bpf", or the name of a module
    std::uint64_t offset = 0;   // bytes from the start of the function
};

class KernelSymbols {
public:
    // path: /proc/kallsyms. kHiddenAddresses where all are zero, kNoSuchFile, kNoPermission, kTooLarge past max_bytes.
    static tl::expected<KernelSymbols, Miss> load(const std::string& path = "/proc/kallsyms",
                                                  std::size_t max_bytes = std::size_t{16} << 20);

    // kOutsideOfSymbols where no function reaches over the address.
    [[nodiscard]] tl::expected<KernelSymbol, Miss> find(std::uint64_t address) const;

    [[nodiscard]] std::size_t functions() const;
    [[nodiscard]] std::size_t bytes() const;

private:
    class Builder;
    // A function reaches up to the next entry; an entry without a name is data, where a function ends.
    struct Entry {
        std::uint32_t name = 0;    // in names_; 0: not a function
        std::uint16_t module = 0;  // in modules_
    };

    std::vector<std::uint64_t> addresses_;  // sorted
    std::vector<Entry> entries_;            // parallel to addresses_
    std::string names_;                     // each ends with NUL; the first is empty
    std::vector<std::string> modules_;
};

}  // namespace footfall
