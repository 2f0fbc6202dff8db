// Finds the descriptions of protocol buffers that programs carry, and the methods of their services.
//
// Code that protoc makes keeps a FileDescriptorProto for each .proto, serialized, for reflection: C++ as an array, Go as a
// string or a slice of bytes (rawDesc), by older generators and gogo's compressed. Nothing tells where one ends. It begins
// with field 1, the file's name, which ends in ".proto"; its fields follow in ascending order, and the first thing that can
// be no further field is its end (google/protobuf/descriptor.proto; protobuf documentation, "Encoding").
//
// Pure functions over untrusted bytes; time is bounded by the bytes' number, whatever they hold.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace footfall {

class DescriptorScan {
public:
    static constexpr std::size_t kMostMethods = 100'000;  // further ones are not kept

    std::set<std::string> methods;  // "shop.Orders/Place"
    std::size_t files = 0;          // descriptions found

    void look_through(std::string_view bytes);

private:
    void look_through_plain(std::string_view bytes);
    void look_through_compressed(std::string_view bytes);
};

}  // namespace footfall
