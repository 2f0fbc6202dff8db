// gRPC methods from what protocol buffers are described with: a .proto file, or the FileDescriptorSet that protoc makes of
// some (--descriptor_set_out, -o; "protoset" elsewhere).
//
// A .proto is read by protobuf's own parser, but not what it imports: a method's full name is in the file that has it, so
// none of the paths that protoc would need is needed. Methods of imported files are in those.
// Errors of a .proto have the form FILE:LINE: what is wrong; all have exit code kBadConfig.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "output/session/inventory.h"

namespace footfall {

[[nodiscard]] Result<Inventory> read_proto(const std::string& file, std::string_view text);

// Whether the bytes begin as one: a file with a name that ends in ".proto".
[[nodiscard]] bool is_descriptor_set(std::string_view bytes);
[[nodiscard]] Result<Inventory> read_descriptor_set(const std::string& file, std::string_view bytes);

// "grpc shop.Orders/Place"
[[nodiscard]] InventoryItem grpc_item(std::string_view method, std::string place);

}  // namespace footfall
