#include "symbolizer/functions/usdt_notes.h"

#include <gtest/gtest.h>

#include "tests/unit/unwind/elf_image.h"

namespace footfall {
namespace {

struct Claims {
    std::uint32_t name_size = 8;
    std::uint32_t more_description = 0;  // than there is
    std::uint32_t type = 3;
    std::string owner = std::string("stapsdt\0", 8);
};

template <typename Address = std::uint64_t>
Bytes note(const std::string& texts, const Claims& claims = {}) {
    Bytes description;
    for (const Address address : {Address{0x1100}, Address{0x2000}, Address{0x3002}}) put(description, address);
    description.insert(description.end(), texts.begin(), texts.end());
    Bytes bytes;
    put<std::uint32_t>(bytes, claims.name_size);
    put(bytes, static_cast<std::uint32_t>(description.size()) + claims.more_description);
    put(bytes, claims.type);
    bytes.insert(bytes.end(), claims.owner.begin(), claims.owner.end());
    bytes.insert(bytes.end(), description.begin(), description.end());
    bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
}

const std::string kOrder("shop\0order\0008@%rdi\0", 18);
const std::string kCart("shop\0cart\0\0", 11);

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::vector<std::string> names_in(const Bytes& section) {
    std::vector<std::string> names;
    for (const UsdtNote& found : read_usdt_notes(section, 8).notes) names.emplace_back(found.name);
    return names;
}

TEST(UsdtNotes, TellProviderNameAndAddresses) {
    const Bytes section = note(kOrder);
    const UsdtNotes found = read_usdt_notes(section, 8);
    ASSERT_EQ(found.notes.size(), 1U);
    EXPECT_EQ(found.notes[0].provider, "shop");
    EXPECT_EQ(found.notes[0].name, "order");
    EXPECT_EQ(found.notes[0].address, 0x1100U);
    EXPECT_EQ(found.notes[0].base, 0x2000U);
    EXPECT_EQ(found.notes[0].semaphore, 0x3002U);
    EXPECT_EQ(found.unread, 0U);
}

TEST(UsdtNotes, OfProgramsOf32BitsHaveShorterAddresses) {
    const Bytes section = note<std::uint32_t>(kOrder);
    const UsdtNotes found = read_usdt_notes(section, 4);
    ASSERT_EQ(found.notes.size(), 1U);
    EXPECT_EQ(found.notes[0].semaphore, 0x3002U);
    EXPECT_EQ(found.notes[0].name, "order");
}

TEST(UsdtNotes, OfOthersAreNotOurs) {
    Claims other_type;
    other_type.type = 1;
    Claims other_owner;
    other_owner.owner = std::string("stapsdx\0", 8);
    const Bytes section = joined({note(kOrder, other_type), note(kOrder, other_owner), note(kCart)});
    EXPECT_EQ(names_in(section), std::vector<std::string>{"cart"});
    EXPECT_EQ(read_usdt_notes(section, 8).unread, 0U);
}

TEST(UsdtNotes, ThatAreCutAreLostFromThereOn) {
    const Bytes whole = joined({note(kOrder), note(kCart)});
    const std::size_t first = note(kOrder).size();
    const std::size_t filling = 1;  // of the last note, which may go without
    for (std::size_t size = 1; size + filling < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const UsdtNotes found = read_usdt_notes(cut, 8);
        EXPECT_EQ(found.notes.size(), size + 2 < first ? 0U : 1U) << size;
        EXPECT_EQ(found.unread, size >= first - 2 && size <= first ? 0U : 1U) << size;
    }
}

TEST(UsdtNotes, WhoseLengthsLieAreUnread) {
    for (const std::uint32_t more : {1U << 16, 0x7fffffffU, 0xffffffb0U}) {
        Claims longer;
        longer.more_description = more;
        const Bytes section = joined({note(kCart), note(kOrder, longer), note(kCart)});
        EXPECT_EQ(names_in(section), std::vector<std::string>{"cart"}) << more;
        EXPECT_EQ(read_usdt_notes(section, 8).unread, 1U) << more;
    }
    Claims long_owner;
    long_owner.name_size = 0xffffffff;
    EXPECT_EQ(read_usdt_notes(note(kOrder, long_owner), 8).unread, 1U);
}

TEST(UsdtNotes, WithoutTheirTextsAreUnreadAndTheNextOneIsRead) {
    for (const std::string& texts :
         {std::string(), std::string("shop"), std::string("shop\0order", 10), std::string("\0order\0\0", 8),
          std::string("shop\0\0\0", 7), std::string("sh op\0order\0\0", 13), std::string("shop\0or:der\0\0", 13),
          std::string("shop\0or\x1b[31m\0\0", 14), std::string(200, 'a') + std::string("\0order\0\0", 8)}) {
        const Bytes section = joined({note(texts), note(kCart)});
        EXPECT_EQ(names_in(section), std::vector<std::string>{"cart"}) << texts;
        EXPECT_EQ(read_usdt_notes(section, 8).unread, 1U) << texts;
    }
}

TEST(UsdtNotes, AreReadUpToALimitAndTheRestIsTold) {
    Bytes section;
    const Bytes one = note(kCart);
    for (std::size_t i = 0; i < kMostUsdtNotes + 2; ++i) section.insert(section.end(), one.begin(), one.end());
    const UsdtNotes found = read_usdt_notes(section, 8);
    EXPECT_EQ(found.notes.size(), kMostUsdtNotes);
    EXPECT_EQ(found.unread, 1U);
}

}  // namespace
}  // namespace footfall
