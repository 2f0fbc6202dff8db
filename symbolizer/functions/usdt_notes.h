// Reads the notes that <sys/sdt.h> leaves in a program for each of its USDT probes: section .note.stapsdt.
//
// A note is three words (name's length, description's length, type), the name, and the description; the latter two each are
// filled up to four bytes (ELF specification, "Note Section"). Those of USDT have the name "stapsdt" and the type 3, and
// describe one site of one probe: three addresses and three texts that end with NUL, of which the last tells the arguments
// (SystemTap's wiki, UserSpaceProbeImplementation).
//
// BCC's reader, bcc_elf_foreach_usdt(), is of no use for files that are not trusted: it looks for the ends of those texts
// beyond the note and the file, opens the file by its path, which the worker's sandbox refuses, leaves out notes that stand
// before the program's code, and does not know of files that were moved by a prelinker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace footfall {

// One site; the texts lie in the section.
struct UsdtNote {
    std::string_view provider;
    std::string_view name;
    std::uint64_t address = 0;    // of the instruction
    std::uint64_t base = 0;       // where .stapsdt.base was when the file was linked
    std::uint64_t semaphore = 0;  // address of the counter that says whether anybody watches; 0: there is none
    std::string_view arguments;   // as usdt_argument() reads them
};

struct UsdtNotes {
    std::vector<UsdtNote> notes;
    // Notes of USDT that make no sense. Where one is longer than the section, it and all behind it are one of these.
    std::size_t unread = 0;
};

constexpr std::size_t kMostUsdtNotes = 65'536;  // what follows is one more that is unread

// address_bytes: 4 or 8, by the file's class. The section must outlive the notes.
UsdtNotes read_usdt_notes(std::span<const std::uint8_t> section, unsigned address_bytes);

}  // namespace footfall
