#include "symbolizer/descriptors/descriptor_scan.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace footfall {
namespace {

using google::protobuf::FileDescriptorProto;
using testing::ElementsAre;
using testing::IsEmpty;

FileDescriptorProto orders(const std::string& name = "shop/orders.proto") {
    FileDescriptorProto file;
    file.set_name(name);
    file.set_package("shop");
    file.add_dependency("google/protobuf/empty.proto");
    file.add_message_type()->set_name("Order");
    auto& service = *file.add_service();
    service.set_name("Orders");
    service.add_method()->set_name("Place");
    service.add_method()->set_name("Watch");
    file.set_syntax("proto3");
    return file;
}

std::set<std::string> methods_in(const std::string& bytes) {
    DescriptorScan scan;
    scan.look_through(bytes);
    return scan.methods;
}

TEST(DescriptorScan, FindsMethodsWhateverIsAroundTheDescriptor) {
    const std::string described = orders().SerializeAsString();
    for (const char* before : {"", "\n\n\n", "some text.proto", "\x0a\x06"}) {
        for (const std::string& after : {std::string(), std::string(16, '\0'), std::string("path/of/a/file.go"),
                                         std::string("r\x03xyz\x82\x01"), std::string("\x72\x02zz\x72\x02zz")}) {
            EXPECT_THAT(methods_in(before + described + after), ElementsAre("shop.Orders/Place", "shop.Orders/Watch"))
                << before << " and " << after;
        }
    }
}

TEST(DescriptorScan, FindsOneBehindAnother) {
    FileDescriptorProto other = orders("a.proto");
    other.set_package("");
    other.clear_syntax();  // proto2
    EXPECT_THAT(methods_in(orders().SerializeAsString() + other.SerializeAsString() + orders().SerializeAsString()),
                ElementsAre("Orders/Place", "Orders/Watch", "shop.Orders/Place", "shop.Orders/Watch"));
}

TEST(DescriptorScan, FindsOneWithALongName) {
    const std::string name = std::string(200, 'd') + "/orders.proto";
    EXPECT_THAT(methods_in("x" + orders(name).SerializeAsString()), ElementsAre("shop.Orders/Place", "shop.Orders/Watch"));
}

std::string compressed(std::string text) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(text.size() + 1024, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST(DescriptorScan, FindsCompressedOnes) {
    const std::string described = compressed(orders().SerializeAsString());
    EXPECT_THAT(methods_in("x" + described + "x"), ElementsAre("shop.Orders/Place", "shop.Orders/Watch"));
    EXPECT_THAT(methods_in(described.substr(0, described.size() - 9)), IsEmpty());
    EXPECT_THAT(methods_in(compressed(std::string(std::size_t{20} << 20U, '\n'))), IsEmpty());
}

TEST(DescriptorScan, WhatIsCutOrNoDescriptorHasNone) {
    const std::string described = orders().SerializeAsString();
    EXPECT_THAT(methods_in(described.substr(0, described.size() / 2)), IsEmpty());
    EXPECT_THAT(methods_in("shop/orders.proto"), IsEmpty());
    EXPECT_THAT(methods_in(""), IsEmpty());
}

TEST(DescriptorScan, ManyBeginningsOfALongOneTakeNoLongerThanTheirBytes) {
    std::string bytes;
    for (int i = 0; i < 20'000; ++i)
        bytes +=
            "\x0a\x07"
            "x.proto\x12\xff\xff\x7f";
    bytes += std::string(std::size_t{3} << 20U, 'x');
    EXPECT_THAT(methods_in(bytes), IsEmpty());
}

}  // namespace
}  // namespace footfall
