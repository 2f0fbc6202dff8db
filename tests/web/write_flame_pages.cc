// Writes the flame graphs that flame_page_test.js opens, from sessions whose figures are known: write_flame_pages DIRECTORY
#include <filesystem>
#include <fstream>
#include <iostream>

#include "output/flamegraph/flamegraph_html.h"
#include "tests/unit/output/example_stacks.h"

namespace footfall {
namespace {

bool write(const std::filesystem::path& path, const Result<std::string>& page) {
    if (!page) return false;
    std::ofstream file(path, std::ios::binary);
    file << *page;
    return static_cast<bool>(file.flush());
}

// 6.0 s on the CPU, of which 4.2 s in parse: 70 %, where example_with_stacks() has 40 %.
Snapshot before() {
    Snapshot snapshot = example_with_stacks();
    snapshot.mutable_stacks()->mutable_samples(0)->set_nanos(3'800'000'000);
    return snapshot;
}

// Markup wherever somebody who is watched may put a name.
Snapshot hostile() {
    const std::string name = "</script><img src=x onerror=\"document.title='taken over'\">";
    Snapshot snapshot;
    StackWriter to(*snapshot.mutable_stacks());
    to.sample(name, name, {to.location(to.module(name, name), 1, {{name, name, 1}})}, 1, 1'000);
    snapshot.mutable_session()->set_host(name);
    return snapshot;
}

bool write_all(const std::filesystem::path& directory) {
    const Snapshot earlier = before();
    return write(directory / "session.html", flamegraph_html(example_with_stacks())) &&
           write(directory / "diff.html", flamegraph_html(example_with_stacks(), &earlier)) &&
           write(directory / "hostile.html", flamegraph_html(hostile()));
}

}  // namespace
}  // namespace footfall

int main(int count, char** words) {
    if (count == 2 && footfall::write_all(words[1])) return 0;
    std::cerr << "write_flame_pages DIRECTORY: cannot write there\n";
    return 1;
}
