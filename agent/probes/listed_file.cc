#include "agent/probes/listed_file.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "symbolizer/worker/debug_files.h"

namespace footfall {
namespace {

// As it is given, where it can't be told.
std::string absolute(const std::string& path) {
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(path, error);
    return error ? path : whole.lexically_normal().string();
}

// Names and source files that the file itself lacks may be in its separate debug file.
bool is_enough(const FileDescription& description, const FunctionQuery& query) {
    return description.has_symbols && (query.sources.empty() || description.has_dwarf);
}

// Of the exits, the most costly.
unsigned end_nanoseconds(const CodeFunction& function, Timing timing) {
    if (timing == Timing::kByReturn) return kReturnNanoseconds;
    unsigned most = 0;
    for (const FunctionExit& exit : function.exits) most = std::max(most, expected_nanoseconds(exit.site_class));
    return most;
}

}  // namespace

ListedFile list_file(SymbolizerClient& symbolizer, const Fd& opened, const std::string& root, const std::string& path,
                     const FunctionQuery& query) {
    ListedFile file{.path = path, .build_id = {}, .found = {}};
    if (!opened.valid()) {
        file.miss = Miss::kNoSuchFile;
        return file;
    }
    DebugFiles debug;
    if (const auto description = symbolizer.describe(opened.get())) {
        file.build_id = description->build_id;
        if (!is_enough(*description, query)) debug = find_debug_files(symbolizer, root, absolute(path), *description);
    }
    auto found = symbolizer.functions({opened.get(), debug.debug.get(), debug.alt.get()}, query);
    if (!found) {
        file.miss = found.error();
        return file;
    }
    file.found = *std::move(found);
    if (file.found.no_sources) file.no_sources = debug.debug.valid() ? Miss::kStripped : debug.miss;
    return file;
}

// The file has no debug information of its own: what became of the search for its debug file.
std::string why_no_sources(const ListedFile& file) {
    constexpr std::string_view kHelp =
        "; its debug symbols (package NAME-dbgsym or NAME-debuginfo), or compiling it with -g, would tell";
    if (file.no_sources == Miss::kNoSuchFile || file.no_sources == Miss::kStripped)
        return "it has no debug information, and there is no debug file" + std::string(kHelp);
    return std::string(text_of(file.no_sources)) + std::string(kHelp);
}

unsigned expected_nanoseconds(const CodeFunction& function, Timing timing) {
    return expected_nanoseconds(function.site.site_class) + end_nanoseconds(function, timing);
}

}  // namespace footfall
