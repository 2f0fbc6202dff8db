// What could be used, as the user's files tell it.
//
//   openapi:FILE    routes of an OpenAPI 3 or Swagger 2 description, YAML or JSON (openapi.h)
//   proto:FILE      gRPC methods of a .proto (proto_services.h)
//   protoset:FILE   gRPC methods of a FileDescriptorSet, as protoc -o makes it
//   binary:FILE     gRPC methods of the descriptors that a program or library carries (symbolizer/descriptors), which is
//   read
//                   by the symbolizer's worker
//   sql:FILE        tables and views of a schema (sql_tables.h)
//   list:FILE       a plain list: operations and functions as reports call them, one a line
//   FILE            the same, by what is in it
//
// Files are the user's own; all the same, what is read of one is bounded. A file that is not there: kNoTarget; one that
// makes no sense: kBadConfig, with FILE:LINE where there are lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/inventory/references.h"
#include "output/session/inventory.h"

namespace footfall {

enum class InventoryFileKind : std::uint8_t { kOpenApi, kProto, kProtoset, kBinary, kSql, kList };

// By its bytes alone.
[[nodiscard]] InventoryFileKind guess_kind(std::string_view bytes);

// Of a file's bytes; not of kBinary. read: of files that it refers to; empty: that is refused.
[[nodiscard]] Result<Inventory> parse_inventory(const std::string& file, std::string_view bytes, InventoryFileKind kind,
                                                ReadFile read = {});

// Of all the files together.
[[nodiscard]] Result<Inventory> read_inventory(const std::vector<std::string>& words);

}  // namespace footfall
