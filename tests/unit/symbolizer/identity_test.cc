#include "symbolizer/elf/identity.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace footfall {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "/bin/ls";

// A file of its own, gone with the test.
class ScratchFile {
public:
    explicit ScratchFile(const std::string& bytes) : path_(fs::temp_directory_path() / "identity_test.XXXXXX") {
        std::string name = path_.string();
        close(mkstemp(name.data()));
        path_ = name;
        std::ofstream(path_, std::ios::binary) << bytes;
    }
    ~ScratchFile() { fs::remove(path_); }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// What readelf -n says.
std::string readelf_build_id(const std::string& path) {
    const std::string command = "LC_ALL=C readelf -n " + path;
    FILE* output = popen(command.c_str(), "r");
    std::array<char, 512> line{};
    std::string id;
    while (output != nullptr && fgets(line.data(), line.size(), output) != nullptr) {
        const std::string text = line.data();
        const std::size_t at = text.find("Build ID: ");
        if (at != std::string::npos) id = text.substr(at + 10, text.find_first_of(" \n", at + 10) - at - 10);
    }
    if (output != nullptr) pclose(output);
    return id;
}

template <typename Value>
Value read_at(const std::string& bytes, std::size_t offset) {
    Value value{};
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <typename Value>
void write_at(std::string& bytes, std::size_t offset, const Value& value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

std::size_t build_id_section_at(const std::string& bytes) {
    const auto header = read_at<Elf64_Ehdr>(bytes, 0);
    const auto names = read_at<Elf64_Shdr>(bytes, header.e_shoff + header.e_shstrndx * sizeof(Elf64_Shdr));
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        const std::size_t at = header.e_shoff + i * sizeof(Elf64_Shdr);
        const auto section = read_at<Elf64_Shdr>(bytes, at);
        if (std::strcmp(bytes.data() + names.sh_offset + section.sh_name, ".note.gnu.build-id") == 0) return at;
    }
    return 0;
}

// /bin/ls with its build-id section's header changed.
template <typename Change>
tl::expected<std::string, IdentityMiss> build_id_after(const Change& change) {
    std::string bytes = contents(kProgram);
    const std::size_t at = build_id_section_at(bytes);
    auto section = read_at<Elf64_Shdr>(bytes, at);
    change(section, bytes);
    write_at(bytes, at, section);
    return read_build_id(ScratchFile(bytes).path());
}

tl::expected<std::string, IdentityMiss> miss(IdentityMiss reason) { return tl::unexpected(reason); }

TEST(BuildId, IsWhatReadelfSays) {
    for (const char* program : {"/bin/ls", "/bin/bash", "/usr/bin/readelf", "/usr/bin/env"}) {
        const std::string expected = readelf_build_id(program);
        ASSERT_FALSE(expected.empty()) << program;
        EXPECT_EQ(read_build_id(program), expected) << program;
    }
}

TEST(BuildId, IsReadThroughTheProcess) {
    EXPECT_EQ(read_build_id("/proc/self/exe").value_or("none"),
              readelf_build_id(fs::read_symlink("/proc/self/exe").string()));
}

TEST(BuildId, OfAFileCutAnywhereIsAnHonestMiss) {
    const std::string whole = contents(kProgram);
    const std::string expected = readelf_build_id(kProgram);
    for (std::size_t size = 0; size < whole.size(); size += 997) {
        const auto id = read_build_id(ScratchFile(whole.substr(0, size)).path());
        ASSERT_FALSE(id.has_value()) << "cut at " << size << ": " << *id;
    }
    EXPECT_EQ(read_build_id(ScratchFile(whole).path()), expected);
}

TEST(BuildId, OfABrokenHeaderIsAMissOrTheRightId) {
    const std::string whole = contents(kProgram);
    const std::string expected = readelf_build_id(kProgram);
    for (std::size_t at = EI_NIDENT; at < sizeof(Elf64_Ehdr); ++at) {
        std::string broken = whole;
        broken[at] = static_cast<char>(~broken[at]);
        const auto id = read_build_id(ScratchFile(broken).path());
        EXPECT_EQ(id.value_or(expected), expected) << "byte " << at;
    }
}

TEST(BuildId, ThatIsLargerThanAnyLinkerMakesItIsRefused) {
    EXPECT_EQ(build_id_after([](Elf64_Shdr& note, const std::string&) { note.sh_size = 1 << 20; }),
              miss(IdentityMiss::kMalformed));
}

TEST(BuildId, InASectionWithoutContentsIsRefused) {
    EXPECT_EQ(build_id_after([](Elf64_Shdr& note, const std::string&) { note.sh_type = SHT_NOBITS; }),
              miss(IdentityMiss::kMalformed));
}

TEST(BuildId, BehindTheEndOfTheFileIsTruncated) {
    EXPECT_EQ(build_id_after([](Elf64_Shdr& note, const std::string& file) { note.sh_offset = file.size(); }),
              miss(IdentityMiss::kTruncated));
    EXPECT_EQ(build_id_after([](Elf64_Shdr& note, const std::string&) { note.sh_offset = UINT64_MAX - 8; }),
              miss(IdentityMiss::kTruncated));
}

TEST(BuildId, OfANoteThatIsNotGnuIsNone) {
    const auto forge = [](const Elf64_Shdr& note, std::string& file) { file[note.sh_offset + 12] = 'X'; };
    EXPECT_EQ(build_id_after(forge), miss(IdentityMiss::kNoBuildId));
}

TEST(BuildId, OfWhatIsNoProgramIsAMiss) {
    EXPECT_EQ(read_build_id("/nonexistent"), miss(IdentityMiss::kCannotOpen));
    EXPECT_EQ(read_build_id("/tmp"), miss(IdentityMiss::kNotRegular));
    EXPECT_EQ(read_build_id("/dev/zero"), miss(IdentityMiss::kNotRegular));
    EXPECT_EQ(read_build_id(ScratchFile("#!/bin/sh\nexit 0\n").path()), miss(IdentityMiss::kNotElf));
    EXPECT_EQ(read_build_id(ScratchFile("").path()), miss(IdentityMiss::kNotElf));
}

TEST(BuildId, DoesNotWaitForAPipe) {
    const ScratchFile place("");
    fs::remove(place.path());
    ASSERT_EQ(mkfifo(place.path().c_str(), 0600), 0);
    EXPECT_EQ(read_build_id(place.path()), miss(IdentityMiss::kNotRegular));
}

TEST(BuildId, LeavesNoDescriptorOpen) {
    const auto open_descriptors = [] {
        return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
    };
    const auto before = open_descriptors();
    for (int i = 0; i < 10; ++i) {
        (void)read_build_id(kProgram);
        (void)build_id_after([](Elf64_Shdr& note, std::string& file) { file[note.sh_offset + 12] = 'X'; });
        (void)read_build_id(ScratchFile("not a program").path());
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace footfall
