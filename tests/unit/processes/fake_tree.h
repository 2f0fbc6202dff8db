// A host for tests, written as a literal: path → content. "-> target" makes a symbolic link, a path that ends with '/' a
// directory. It is removed with the object.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace footfall {

class FakeTree {
public:
    FakeTree(std::initializer_list<std::pair<std::string, std::string>> files) {
        std::string name = (std::filesystem::temp_directory_path() / "fake_tree.XXXXXX").string();
        root_ = mkdtemp(name.data());
        for (const auto& [path, content] : files) add(path, content);
    }
    ~FakeTree() { std::filesystem::remove_all(root_); }
    FakeTree(const FakeTree&) = delete;
    FakeTree& operator=(const FakeTree&) = delete;

    void add(const std::string& path, const std::string& content) {
        constexpr std::string_view kLink = "-> ";
        const std::filesystem::path full = root_ / path;
        std::filesystem::create_directories(full.parent_path());
        if (content.starts_with(kLink))
            std::filesystem::create_symlink(content.substr(kLink.size()), full);
        else if (!path.ends_with('/'))
            std::ofstream(full, std::ios::binary) << content;
    }

    void remove(const std::string& path) { std::filesystem::remove_all(root_ / path); }

    // A process with what every process has.
    void add_process(int pid, int parent, const std::string& executable, const std::string& cmdline = "",
                     const std::string& cgroup = "0::/\n", int uid = 0) {
        const std::string directory = "proc/" + std::to_string(pid) + "/";
        const std::string comm = std::filesystem::path(executable).filename().string().substr(0, 15);
        add(directory + "stat", std::to_string(pid) + " (" + comm + ") S " + std::to_string(parent) +
                                    " 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 " + std::to_string(1000 + pid) + " 0 0\n");
        const std::string id = std::to_string(uid);
        add(directory + "status", "Name:\t" + comm + "\nUid:\t" + id + "\t" + id + "\t" + id + "\t" + id + "\n");
        add(directory + "cmdline", cmdline);
        add(directory + "cgroup", cgroup);
        if (!executable.empty()) add(directory + "exe", "-> " + executable);
    }

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] std::filesystem::path proc() const { return root_ / "proc"; }

private:
    std::filesystem::path root_;
};

}  // namespace footfall
