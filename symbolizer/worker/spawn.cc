#include "symbolizer/worker/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "agent/base/fd.h"
#include "symbolizer/worker/sandbox.h"

namespace footfall {
namespace {

class SpawnSettings {
public:
    SpawnSettings() {
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    // The copies have no close-on-exec flag; everything above them goes.
    void hand_on(std::span<const Fd> files) {
        int number = kFirstHelperFile;
        for (const Fd& file : files) posix_spawn_file_actions_adddup2(&actions_, file.get(), number++);
        posix_spawn_file_actions_addclosefrom_np(&actions_, number);
    }

    pid_t spawn(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
        pid_t pid = -1;
        std::vector<char*> arguments = pointers_to(command);
        std::vector<char*> variables = pointers_to(environment);
        return posix_spawn(&pid, arguments[0], &actions_, &attributes_, arguments.data(), variables.data()) == 0 ? pid : -1;
    }

private:
    static std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
        std::vector<char*> pointers;
        pointers.reserve(texts.size() + 1);
        for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
        pointers.push_back(nullptr);
        return pointers;
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

pid_t spawn_helper(const std::vector<std::string>& command, std::span<const int> files,
                   const std::vector<std::string>& environment) {
    if (command.empty()) return -1;
    // Out of the way of the numbers that they get, or one would replace the other; and dup2() to itself would leave the
    // close-on-exec flag set.
    std::vector<Fd> apart;
    for (const int file : files) {
        apart.emplace_back(fcntl(file, F_DUPFD_CLOEXEC, kFirstHelperFile + static_cast<int>(files.size())));
        if (!apart.back().valid()) return -1;
    }
    SpawnSettings settings;
    settings.hand_on(apart);
    return settings.spawn(command, environment);
}

std::vector<std::string> own_environment(std::span<const std::string_view> names) {
    std::vector<std::string> variables;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        const std::string_view name = text.substr(0, text.find('='));
        const bool wanted = std::find(names.begin(), names.end(), name) != names.end();
        if (wanted || (kIsSanitized && name.ends_with("SAN_OPTIONS"))) variables.emplace_back(text);
    }
    return variables;
}

}  // namespace footfall
