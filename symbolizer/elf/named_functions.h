// Finds a few functions of an ELF file by name, and where their code lies in it, as uprobes want to know: from .dynsym,
// which every shared library has, or else from .symtab. Little is kept in memory, however large the file's tables are.
// Methods of Rust are found by their path, though their symbols differ with each build; one may be there more than once.
//
// The file is read with pread() only: it may shrink meanwhile, or lie about itself. Format: ELF-64, little-endian (System V
// gABI, chapters 4 and 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace footfall {

struct NamedFunction {
    std::string name;
    std::uint64_t address = 0;  // as ELF counts
    std::uint64_t size = 0;     // as the symbol says; 0: it does not
};

// Where code lies, both as ELF counts and in the file.
struct LoadedCode {
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  // in the file
};

class NamedFunctions {
public:
    // Those of the names that the file has. Nothing where it is no such file.
    static std::optional<NamedFunctions> find(int fd, std::span<const std::string_view> names);
    // The same for paths as RustMethod takes them. Names are in .symtab only.
    static std::optional<NamedFunctions> find_rust(int fd, std::span<const std::string_view> paths);

    [[nodiscard]] const std::vector<NamedFunction>& functions() const { return functions_; }
    [[nodiscard]] const NamedFunction* function(std::string_view name) const;

    [[nodiscard]] std::optional<std::uint64_t> file_offset(std::uint64_t address) const;
    // Up to `most` bytes of code from an address on; fewer where its segment ends, none where there is no code.
    [[nodiscard]] std::vector<std::uint8_t> code_at(int fd, std::uint64_t address, std::size_t most) const;

private:
    [[nodiscard]] const LoadedCode* segment_of(std::uint64_t address) const;

    std::vector<LoadedCode> segments_;
    std::vector<NamedFunction> functions_;
};

}  // namespace footfall
