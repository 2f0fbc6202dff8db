// Routes of an OpenAPI 3 or Swagger 2 description, YAML or JSON (OpenAPI Specification 3.1.0 "Paths Object", "Server
// Object"; 2.0 "Paths Object", basePath).
//
// Each method of each path is an item. Its name begins with the path of the first server (or basePath), because that is
// where clients find it; it is looked for under the paths of all servers, and also without any, as the application behind a
// proxy may see it. Variables of servers have all values of their enum, or their default. Servers of a path or of an
// operation replace the general ones.
//
// A $ref is followed (references.h). Webhooks and callbacks are asked of others, so they are no routes here.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/inventory/document.h"
#include "agent/inventory/references.h"
#include "output/session/inventory.h"

namespace footfall {

// Whether the document says that it is one.
[[nodiscard]] bool is_openapi(const Document& document);

// read: reads what a $ref means in other files; empty: that is refused.
[[nodiscard]] Result<Inventory> read_openapi(const Document& document, ReadFile read = {});

}  // namespace footfall
