// What an ELF file says about itself, short of its code: which build it is, where its code is mapped from, and where its
// debug information went.
//
// The file is not trusted; it is read with libelf, so this runs in the symbolizer's worker process. Addresses are ELF
// virtual addresses. Threads: any; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/frame.h"
#include "symbolizer/interpreters/runtime_symbols.h"

namespace footfall {

// A part of the file that is mapped as code.
struct CodeSegment {
    std::uint64_t address = 0;      // virtual address of its first byte
    std::uint64_t file_offset = 0;  // where that byte is in the file
    std::uint64_t size = 0;         // bytes in the file
};

struct FileDescription {
    std::string build_id;           // lower-case hex; empty: linked without one
    std::vector<CodeSegment> code;  // as the program headers tell; in the order of the file
    std::string debug_link;         // .gnu_debuglink: name of the separate debug file; empty: none, or too long for one
    std::uint32_t debug_link_crc = 0;
    std::string alt_link;      // .gnu_debugaltlink: what dwz shared among debug files; empty: none
    std::string alt_build_id;  // lower-case hex
    bool has_symbols = false;  // a .symtab, so that no debug file is needed for names
    bool has_dwarf = false;    // .debug_info, so that no debug file is needed for lines
    RuntimeSymbols runtime;    // of an interpreter that it is, or has in it
};

// Reads from the start of the file, whatever the position of fd; does not keep it.
tl::expected<FileDescription, Miss> describe_elf(int fd);

// The virtual address of a byte of the file; nothing where that byte is no code.
std::optional<std::uint64_t> address_of_offset(const FileDescription& description, std::uint64_t file_offset);

}  // namespace footfall
