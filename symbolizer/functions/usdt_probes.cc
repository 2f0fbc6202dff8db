#include "symbolizer/functions/usdt_probes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>

#include "symbolizer/elf/loaded_bytes.h"
#include "symbolizer/functions/usdt_notes.h"

namespace footfall {
namespace {

constexpr std::size_t kLongestInstruction = 15;
constexpr std::size_t kSemaphoreBytes = 2;
constexpr std::string_view kPrefix = "usdt:";

std::span<const std::uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// How far the file was moved since its notes were written.
class Moved {
public:
    explicit Moved(const ElfFile& file) {
        if (const ElfSection* base = file.section(".stapsdt.base")) base_ = base->header.sh_addr;
    }
    [[nodiscard]] std::uint64_t now(const UsdtNote& note, std::uint64_t address) const {
        return base_ && note.base != 0 ? address + (*base_ - note.base) : address;
    }

private:
    std::optional<std::uint64_t> base_;
};

std::optional<std::uint64_t> semaphore_offset(const LoadedBytes& loaded, std::uint64_t address) {
    const auto offset = loaded.offset_of(address, PF_R | PF_W, PF_X);
    if (!offset || *offset == 0 || address % kSemaphoreBytes != 0 || *offset % kSemaphoreBytes != 0) return std::nullopt;
    const auto bytes = loaded.at(*offset, kSemaphoreBytes);
    const bool is_zero = std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
    return is_zero && bytes.size() == kSemaphoreBytes ? offset : std::nullopt;
}

// Which the arguments of probes may be, by name; read once one is asked for.
class Variables {
public:
    explicit Variables(const ElfFile& file) : file_(file) {}

    [[nodiscard]] std::optional<std::uint64_t> address_of(std::string_view name) {
        if (!read_) read();
        const auto found = addresses_.find(name);
        return found != addresses_.end() ? found->second : std::nullopt;
    }

private:
    void read() {
        read_ = true;
        const ElfSection* section = file_.section_of_type(SHT_SYMTAB);
        if (section == nullptr) section = file_.section_of_type(SHT_DYNSYM);
        Elf_Data* data = section != nullptr ? elf_getdata(section->handle, nullptr) : nullptr;
        GElf_Sym symbol;
        for (int i = 0; data != nullptr && gelf_getsym(data, i, &symbol) != nullptr; ++i) {
            const char* name = elf_strptr(file_.handle(), section->header.sh_link, symbol.st_name);
            if (name == nullptr || *name == 0 || symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_OBJECT)
                continue;
            const auto [known, is_new] = addresses_.try_emplace(name, symbol.st_value);
            if (!is_new && known->second != symbol.st_value) known->second = std::nullopt;
        }
    }

    const ElfFile& file_;
    bool read_ = false;
    std::unordered_map<std::string_view, std::optional<std::uint64_t>> addresses_;  // none: of several
};

// The kernel wants one semaphore of each place, whoever asks for it.
using Semaphores = std::map<std::uint64_t, std::uint64_t>;

NoSite add_site(UsdtProbe& probe, const UsdtNote& note, const LoadedBytes& loaded, const Moved& moved,
                Semaphores& semaphores, unsigned argument, Variables& variables) {
    const std::uint64_t address = moved.now(note, note.address);
    probe.address = probe.sites.empty() ? address : std::min(probe.address, address);
    const auto offset = loaded.offset_of(address, PF_X, PF_W);
    const auto site = offset ? marker_site(loaded.at(*offset, kLongestInstruction)) : std::nullopt;
    if (!site) return NoSite::kNoMarker;
    UsdtSite place{*offset, 0};
    if (argument != 0) {
        const auto address_of = [&](std::string_view name) { return variables.address_of(name); };
        place.argument = usdt_argument(note.arguments, argument, address, address_of);
    }
    if (note.semaphore != 0) {
        const auto semaphore = semaphore_offset(loaded, moved.now(note, note.semaphore));
        if (!semaphore) return NoSite::kBadSemaphore;
        place.semaphore_offset = *semaphore;
    }
    if (semaphores.try_emplace(place.file_offset, place.semaphore_offset).first->second != place.semaphore_offset)
        return NoSite::kBadSemaphore;
    if (probe.sites.empty() || site->site_class > probe.site.site_class) probe.site = *site;
    probe.sites.push_back(place);
    return NoSite::kNone;
}

void finish(UsdtProbe& probe) {
    if (probe.no_site != NoSite::kNone) {
        probe.sites.clear();
        return;
    }
    const auto by_offset = [](const UsdtSite& a, const UsdtSite& b) { return a.file_offset < b.file_offset; };
    std::sort(probe.sites.begin(), probe.sites.end(), by_offset);
    probe.sites.erase(std::unique(probe.sites.begin(), probe.sites.end()), probe.sites.end());
}

}  // namespace

UsdtProbes usdt_probes(const ElfFile& file, std::string_view bytes, unsigned argument) {
    UsdtProbes found;
    const ElfSection* section = file.section(".note.stapsdt");
    const auto contents = section != nullptr ? ElfFile::contents(*section) : std::nullopt;
    if (!contents) return found;
    const UsdtNotes notes = read_usdt_notes(as_bytes(*contents), gelf_getclass(file.handle()) == ELFCLASS32 ? 4 : 8);
    found.unread = notes.unread;

    const LoadedBytes loaded(file, bytes);
    const Moved moved(file);
    Variables variables(file);
    Semaphores semaphores;
    std::map<std::string, UsdtProbe> probes;
    for (const UsdtNote& note : notes.notes) {
        std::string name = std::string(kPrefix).append(note.provider).append(":").append(note.name);
        UsdtProbe& probe = probes[name];
        probe.name = std::move(name);
        const NoSite reason = add_site(probe, note, loaded, moved, semaphores, argument, variables);
        if (probe.no_site == NoSite::kNone) probe.no_site = reason;
    }
    for (auto& [name, probe] : probes) {
        finish(probe);
        found.probes.push_back(std::move(probe));
    }
    return found;
}

bool means_usdt(std::string_view glob) { return glob.starts_with(kPrefix) && !glob.substr(kPrefix.size()).starts_with(':'); }

}  // namespace footfall
