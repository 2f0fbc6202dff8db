// Where programs of this host usually load their libraries from.
#pragma once

#include <array>

namespace footfall {

constexpr std::array kLibraryFolders{"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib64",
                                     "/usr/local/lib"};

}  // namespace footfall
