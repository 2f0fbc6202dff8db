// Header blocks, held against the RFC's own examples and libnghttp2's encoder.
#include "agent/protocols/http2/header_block.h"

#include <random>

#include "agent/protocols/http2/huffman.h"
#include "tests/unit/http2/harness.h"

namespace footfall::http2 {
namespace {

using namespace std::string_view_literals;

std::string text_of(const Head& head) {
    std::string text = std::string(head.method.view()) + " " + std::string(head.path.view());
    if (head.status) text += std::to_string(*head.status);
    return head.unresolved ? text + " ?" : text;
}

std::string read(HpackTable& table, std::string_view block) {
    Head head;
    const BlockResult result = read_block(block, true, table, head);
    return result == BlockResult::kWhole ? text_of(head) : "broken";
}

TEST(HeaderBlock, reads_the_requests_of_rfc_7541_c_3_and_c_4) {
    HpackTable plain;
    EXPECT_EQ(read(plain, "\x82\x86\x84\x41\x0fwww.example.com"sv), "GET /");
    EXPECT_EQ(read(plain, "\x82\x86\x84\xbe\x58\x08no-cache"sv), "GET /");
    EXPECT_EQ(read(plain,
                   "\x82\x87\x85\xbf\x40\x0a"
                   "custom-key\x0c"
                   "custom-value"sv),
              "GET /index.html");
    EXPECT_EQ(plain.size(), 3U);
    HpackTable coded;
    EXPECT_EQ(read(coded, "\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"sv), "GET /");
    EXPECT_EQ(read(coded, "\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf"sv), "GET /");
}

TEST(HeaderBlock, reads_the_responses_of_rfc_7541_c_6_whose_table_is_full) {
    HpackTable table;
    table.resize(256);
    EXPECT_EQ(read(table,
                   "\x48\x82\x64\x02\x58\x85\xae\xc3\x77\x1a\x4b\x61\x96\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05"
                   "\x95\x04\x0b\x81\x66\xe0\x82\xa6\x2d\x1b\xff\x6e\x91\x9d\x29\xad\x17\x18\x63\xc7\x8f\x0b\x97\xc8"
                   "\xe9\xae\x82\xae\x43\xd3"sv),
              " 302");
    EXPECT_EQ(read(table, "\x48\x83\x64\x0e\xff\xc1\xc0\xbf"sv), " 307");
}

TEST(HeaderBlock, names_no_field_of_a_table_that_was_filled_before) {
    Encoder encoder;
    const Fields fields{{":method", "PATCH"}, {":scheme", "http"}, {"content-type", "application/grpc"}};
    encoder.block(fields);
    HpackTable table;
    EXPECT_EQ(read(table, encoder.block(fields)), "  ?");
}

TEST(HeaderBlock, knows_what_came_since_though_older_entries_are_unknown) {
    Encoder encoder;
    for (int i = 0; i < 10; ++i) encoder.block({{"x-old-" + std::to_string(i), "1"}});
    HpackTable table;
    EXPECT_EQ(read(table, encoder.block({{":method", "PATCH"}})), "PATCH ");
    EXPECT_EQ(read(table, encoder.block({{"x-new", "1"}, {":method", "PATCH"}})), "PATCH ");
    EXPECT_EQ(read(table, encoder.block({{"x-old-3", "1"}, {":method", "PATCH"}})), "PATCH  ?");
    table.forget();
    EXPECT_EQ(read(table, encoder.block({{":method", "PATCH"}})), "  ?");
}

TEST(HeaderBlock, a_name_that_is_unknown_stays_unknown_in_its_new_entry) {
    HpackTable table;
    EXPECT_EQ(read(table, "\x7f\x30\x03GET"sv), "  ?");  // its name is that of an entry which came before
    EXPECT_EQ(read(table, "\xbe"sv), "  ?");
}

TEST(HeaderBlock, an_entry_larger_than_the_table_empties_it) {
    Encoder encoder(128);
    HpackTable table;
    table.resize(128);
    read(table, encoder.block({{":method", "PATCH"}}));
    EXPECT_EQ(read(table, encoder.block({{":method", "PATCH"}, {"x", std::string(200, 'x')}})), "PATCH ");
    EXPECT_EQ(read(table, encoder.block({{":method", "PATCH"}})), "PATCH ");
}

// Whatever the encoder does with its table: what is read is what was sent, whoever was there from the start; a reader that
// came late never reads anything else.
TEST(HeaderBlock, agrees_with_the_encoder_over_random_traffic) {
    std::mt19937 random(7);
    const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random); };
    for (int connection = 0; connection < 200; ++connection) {
        Encoder encoder;
        HpackTable table;
        HpackTable late;
        const std::size_t join = pick(20);
        for (std::size_t block = 0; block < 60; ++block) {
            if (pick(10) == 0) encoder.resize(pick(3000));
            const std::string method = "M" + std::to_string(pick(5));
            const std::string path = "/p/" + std::string(pick(60), 'q') + std::to_string(pick(8));
            Fields fields{{":method", method}, {":path", path}};
            for (std::size_t i = pick(5); i > 0; --i) {
                fields.push_back(
                    {"x-" + std::to_string(pick(40)), std::string(pick(100), static_cast<char>(pick(255) + 1))});
            }
            const std::string bytes = encoder.block(fields);
            ASSERT_EQ(read(table, bytes), method + " " + path);
            if (block < join) continue;
            Head head;
            ASSERT_EQ(read_block(bytes, true, late, head), BlockResult::kWhole);
            if (!head.unresolved) {
                ASSERT_EQ(text_of(head), method + " " + path);
            }
            if (!head.method.view().empty()) {
                ASSERT_EQ(head.method.view(), method);
            }
            if (!head.path.view().empty()) {
                ASSERT_EQ(head.path.view(), path);
            }
        }
    }
}

TEST(HeaderBlock, a_cut_block_says_what_came_before_the_cut) {
    Encoder encoder;
    const std::string block = encoder.block({{":method", "GET"}, {":path", "/known"}, {"x", std::string(100, 'x')}});
    for (std::size_t length = 0; length < block.size(); ++length) {
        HpackTable table;
        Head head;
        EXPECT_EQ(read_block(std::string_view(block).substr(0, length), false, table, head), BlockResult::kCut);
    }
    HpackTable table;
    Head head;
    read_block(std::string_view(block).substr(0, 30), false, table, head);
    EXPECT_EQ(text_of(head), "GET /known");
}

TEST(HeaderBlock, broken_bytes_are_broken) {
    for (const std::string_view block :
         {"\x80"sv, "\xff\xff\xff\xff\xff\xff"sv, "\x41\x0fwww"sv, "\x3f"sv, "\x04\x84\xff\xff\xff\xff"sv}) {
        HpackTable table;
        EXPECT_EQ(read(table, block), "broken");
    }
}

TEST(HeaderBlock, tells_grpc_by_its_content_type) {
    EXPECT_EQ(content_of("application/grpc"), Content::kGrpc);
    EXPECT_EQ(content_of("Application/gRPC+proto"), Content::kGrpc);
    EXPECT_EQ(content_of("application/grpc-web+proto"), Content::kGrpcWeb);
    EXPECT_EQ(content_of("application/grpc-web-text"), Content::kGrpcWebText);
    EXPECT_EQ(content_of("application/grpcx"), Content::kOther);
    EXPECT_EQ(content_of("application/json"), Content::kOther);
}

TEST(Huffman, decodes_every_byte_as_the_encoder_wrote_it) {
    for (int byte = 1; byte < 256; ++byte) {
        Encoder encoder;
        HpackTable table;
        const std::string path = "/" + std::string(60, '0') + std::string(3, static_cast<char>(byte));
        EXPECT_EQ(read(table, encoder.block({{":path", path}})), " " + path) << byte;
    }
}

TEST(Huffman, refuses_end_of_string_and_wrong_padding) {
    std::array<char, 16> out{};
    EXPECT_FALSE(huffman_decode("\xff\xff\xff\xff"sv, out));
    EXPECT_FALSE(huffman_decode("\x00\x00\x00\xff"sv.substr(0, 1), out));  // three zeros behind a 0 are no padding
    EXPECT_EQ(huffman_decode("\x1f"sv, out), 1U);                          // a, padded with ones
    EXPECT_EQ(huffman_decode("\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"sv, std::span(out).first(3)), 3U);
    EXPECT_EQ(std::string_view(out.data(), 3), "www");
}

}  // namespace
}  // namespace footfall::http2
