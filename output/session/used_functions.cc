#include "output/session/used_functions.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace footfall {
namespace {

// What compilers and the C library lay into every program and library (crti.o, crtbeginS.o).
constexpr std::array<std::string_view, 7> kOfTheLoader{
    "_init", "_fini", "frame_dummy", "register_tm_clones", "deregister_tm_clones", "__do_global_dtors_aux", "_start"};

bool is_of_the_loader(const FunctionUse& function) {
    return std::find(kOfTheLoader.begin(), kOfTheLoader.end(), function.name()) != kOfTheLoader.end();
}

}  // namespace

UsedFunctions used_functions(const FunctionFile& file) {
    UsedFunctions used;
    for (const FunctionUse& function : file.functions()) {
        if (is_of_the_loader(function)) continue;
        ++used.all;
        if (function.calls() > 0) ++used.called;
        if (!function.not_counted().empty()) ++used.not_counted;
    }
    return used;
}

}  // namespace footfall
