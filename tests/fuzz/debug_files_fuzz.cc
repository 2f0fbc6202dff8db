// Where a module's debug file is said to be: the build-id, .gnu_debuglink and .gnu_debugaltlink of whatever a watched
// process has mapped, and what the search makes of the names in them. Whatever they are, what it finds lies below the root
// that it was given; all around there are files that would fit, and links that lead to them.
//
// An input: the note with the build-id, the two sections and the module's path, each behind its length (two bytes). They are
// searched for twice: as they are read from an ELF file, and as a worker that was taken over might report them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "symbolizer/elf/description.h"
#include "symbolizer/unwind/byte_cursor.h"
#include "symbolizer/worker/debug_files.h"
#include "symbolizer/worker/symbolizer_worker.h"
#include "tests/unit/support/scratch.h"
#include "tests/unit/symbolizer/own_worker.h"
#include "tests/unit/unwind/elf_image.h"

namespace footfall {
namespace {

constexpr std::string_view kBuildId = "\xab\xcd\xef\x01";
constexpr std::string_view kAltId = "\x11\x22\x33\x44";  // of what dwz shared, which has no place of its own

Bytes elf_with(const Bytes& note, const Bytes& debug_link, const Bytes& alt_link) {
    ElfImage image;
    image.add_section(".note", note);
    image.add_section(".gnu_debuglink", debug_link, 0);
    image.add_section(".gnu_debugaltlink", alt_link, 0);
    Bytes bytes = image.bytes();
    constexpr std::size_t kThird = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    const Elf64_Phdr notes = {.p_type = PT_NOTE,
                              .p_offset = ElfImage::kFrames,
                              .p_vaddr = ElfImage::kFrames,
                              .p_filesz = note.size(),
                              .p_align = 4};
    std::memcpy(bytes.data() + kThird, &notes, sizeof notes);
    return bytes;
}

Bytes note_with(std::string_view id) {
    Bytes note;
    for (const std::size_t word : {std::size_t{4}, id.size(), std::size_t{NT_GNU_BUILD_ID}})
        put<std::uint32_t>(note, static_cast<std::uint32_t>(word));
    for (const char byte : std::string("GNU\0", 4) + std::string(id)) note.push_back(static_cast<std::uint8_t>(byte));
    return note;
}

// A root with debug files in it, and the same around it.
class World {
public:
    World() {
        for (const char* directory : {"root/usr/lib/debug/.build-id/ab", "root/usr/lib/debug/srv", "root/srv/.debug", "srv"})
            std::filesystem::create_directories(scratch_.file(directory));
        for (const char* place : {"root/usr/lib/debug/.build-id/ab/cdef01.debug", "root/usr/lib/debug/srv/shop.debug",
                                  "root/srv/shop.debug", "root/srv/.debug/shop.debug", "outside.debug", "srv/shop.debug"})
            plant(place, kBuildId);
        for (const char* place : {"root/srv/common.debug", "outside.alt", "srv/common.debug"}) plant(place, kAltId);
        std::filesystem::create_symlink(scratch_.file("outside.debug"), scratch_.file("root/srv/out"));
        std::filesystem::create_symlink("../../outside.alt", scratch_.file("root/srv/up"));
        std::filesystem::create_symlink("../..", scratch_.file("root/srv/parent"));
        mkfifo(scratch_.file("root/srv/pipe").c_str(), 0600);
        const Fd planted(open(scratch_.file("outside.debug").c_str(), O_RDONLY | O_CLOEXEC));
        checksum_ = client_.checksum(planted.get()).value();
    }

    void search(const std::string& module_path, FileDescription description) {
        description.debug_link_crc = checksum_;
        check(find_debug_files(client_, root_, module_path, description).debug);
        description.build_id.clear();
        check(find_debug_files(client_, root_, module_path, description).debug);
        check(find_alt_file(client_, root_, "/srv/shop.debug", description));
        description.alt_build_id = "11223344";
        check(find_alt_file(client_, root_, module_path, description));
    }

private:
    void plant(const char* place, std::string_view build_id) {
        const Bytes file = elf_with(note_with(build_id), {}, {});
        write_contents(scratch_.file(place), std::string(file.begin(), file.end()));
    }

    void check(const Fd& found) const {
        if (!found.valid()) return;
        const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(found.get())).string();
        if (!path.starts_with(root_ + "/")) std::abort();
    }

    ScratchDirectory scratch_;
    std::string root_ = scratch_.file("root");
    SymbolizerClient client_{own_worker()};
    std::uint32_t checksum_ = 0;
};

bool is_hex(const std::string& text) {
    return text.size() <= 128 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A name that a file may have, as it stands in the section.
bool is_name_in(const Bytes& section, const std::string& name, std::size_t longest) {
    const std::string text(section.begin(), section.end());
    return name.empty() || (name.size() <= longest && text.starts_with(name + '\0'));
}

}  // namespace
}  // namespace footfall

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    using namespace footfall;
    if (*count > 1 && std::string_view((*arguments)[1]) == kWorkerArgument)
        std::exit(run_symbolizer_worker(kSymbolizerWorkerSocket, {}));
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace footfall;
    static World world;
    ByteCursor input({data, size});
    const auto field = [&input] {
        const auto bytes = input.take(std::min<std::uint64_t>(input.number<std::uint16_t>(), input.rest().size()));
        return Bytes(bytes.begin(), bytes.end());
    };
    const Bytes note = field();
    const Bytes debug_link = field();
    const Bytes alt_link = field();
    const Bytes path = field();
    const std::string module_path = "/" + std::string(path.begin(), path.end());

    const Fd file = file_of(elf_with(note, debug_link, alt_link));
    const auto description = describe_elf(file.get());
    if (!description) std::abort();
    if (!is_hex(description->build_id) || !is_hex(description->alt_build_id)) std::abort();
    if (!is_name_in(debug_link, description->debug_link, NAME_MAX)) std::abort();
    if (!is_name_in(alt_link, description->alt_link, PATH_MAX - 1)) std::abort();
    world.search(module_path, *description);

    FileDescription reported;
    reported.build_id.assign(note.begin(), note.end());
    reported.debug_link.assign(debug_link.begin(), debug_link.end());
    reported.alt_link.assign(alt_link.begin(), alt_link.end());
    reported.alt_build_id = reported.build_id;
    world.search(module_path, reported);
    return 0;
}
