// gRPC methods of the descriptions that an ELF file carries: all of its data that is loaded is looked through.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/frame.h"

namespace footfall {

// "shop.Orders/Place", each once, by name. Of services that the program serves, and of those that it calls. Reads the file
// in place (elf_file.h).
tl::expected<std::vector<std::string>, Miss> embedded_methods(int fd);

}  // namespace footfall
