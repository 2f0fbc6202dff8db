// Which build of a program a file is: its GNU build-id, read with bcc_elf_get_buildid().
//
// The file belongs to whoever is watched and may be hostile, and may change while it is read. That function trusts its file:
// it prints the whole .note.gnu.build-id section into a buffer whose size it is not told, follows a section without contents
// to a null pointer, and opens by path. So it never gets the file. The four pieces that it looks at (header, section table,
// section names, note) are read once, each with an upper limit, and laid into a memory file of their own with every other
// section blanked; bcc reads that. What it is trusted with is a few kilobytes of well-formed headers and a note of at most
// 64 bytes behind its 16 byte head.
//
// Threads: any; no state. Errors: all are honest misses, a file without an identity is nothing to stop for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace footfall {

enum class IdentityMiss : std::uint8_t {
    kCannotOpen,  // gone, or not permitted
    kNotRegular,  // a device, a pipe, a directory
    kNotElf,      // a script, or an ELF of the other byte order
    kTruncated,   // the headers point past its end
    kMalformed,   // the headers contradict themselves, or are larger than any linker makes them
    kNoBuildId,   // linked without one
};

// In lower case, for the end of a sentence: "no build-id: it is not an ELF file".
std::string_view text_of(IdentityMiss miss);

// The build-id in lower-case hex. The path may be /proc/PID/exe, which works for processes in containers and for deleted
// files. Blocks on the file system that the file is on.
tl::expected<std::string, IdentityMiss> read_build_id(const std::filesystem::path& file);

}  // namespace footfall
