// Opened files as exchanges of the kind file: the service that opens one uses it. READ is an opening that can't write, WRITE
// any other; the target is the file's path, as its process sees it, which is named as routes are. An attempt that failed is
// an error by its name ("ENOENT"). What is done with the file afterwards is not seen, so a use takes no time.
//
// Only paths that a glob of the user means are uses. Thread: the one that owns the pipeline's state.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"

namespace footfall {

class OpenedFiles {
public:
    // The exchange's text is valid until it returns. The user is that of the process.
    using Sink = std::function<void(const Exchange&, Uid)>;

    OpenedFiles(std::vector<std::string> globs, Sink sink) : globs_(std::move(globs)), sink_(std::move(sink)) {}

    void on_opened(const FileOpened& event);

private:
    std::vector<std::string> globs_;
    Sink sink_;
};

// The path that names (FileOpened) make. "…/" stands in front of one that does not reach the root.
[[nodiscard]] std::string opened_path(std::string_view names, bool cut);

}  // namespace footfall
