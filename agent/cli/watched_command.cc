#include "agent/cli/watched_command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "agent/base/text.h"

namespace footfall {
namespace {

constexpr int kPatienceMilliseconds = 3000;  // with a command that was told to end

struct Pipe {
    Fd read;
    Fd write;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("cannot make a pipe", errno);
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// In the child: waits for the word, then becomes the command. Only async-signal-safe calls from here on.
[[noreturn]] void become(int start, int failure, char* const* words) {
    char word = 0;
    if (read(start, &word, 1) != 1) _exit(127);
    execvp(words[0], words);
    const int error = errno;
    [[maybe_unused]] const ssize_t told = write(failure, &error, sizeof(error));
    _exit(127);
}

}  // namespace

Result<WatchedCommand> WatchedCommand::prepare(const std::vector<std::string>& words) {
    auto start = make_pipe();
    auto failure = make_pipe();
    if (!start || !failure) return tl::unexpected((start ? failure : start).error());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child < 0) return system_failure("cannot fork", errno);
    if (child == 0) {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signal, SIG_DFL);
        close(start->write.get());  // or the child would never see that we are gone
        become(start->read.get(), failure->write.get(), arguments.data());
    }
    WatchedCommand command(child, std::move(start->write), std::move(failure->read));
    command.name_ = words.front();
    return command;
}

WatchedCommand::WatchedCommand(WatchedCommand&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      start_(std::move(other.start_)),
      failure_(std::move(other.failure_)),
      name_(std::move(other.name_)),
      exit_code_(other.exit_code_) {}

WatchedCommand::~WatchedCommand() {
    if (child_ < 0 || !start_.valid()) return;
    start_.reset();
    waitpid(child_, nullptr, 0);
}

Result<void> WatchedCommand::go() {
    const char word = 1;
    if (write(start_.get(), &word, 1) != 1) return system_failure("cannot start " + name_, errno);
    start_.reset();
    int error = 0;
    if (read(failure_.get(), &error, sizeof(error)) == sizeof(error)) {
        waitpid(child_, nullptr, 0);
        return system_failure("cannot run " + name_, error, {}, error == ENOENT ? ExitCode::kNoTarget : ExitCode::kFailed);
    }
    return {};
}

std::optional<int> WatchedCommand::exit_code() {
    int status = 0;
    if (!exit_code_ && waitpid(child_, &status, WNOHANG) == child_) {
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return exit_code_;
}

void WatchedCommand::terminate() {
    if (exit_code()) return;
    kill(child_, SIGTERM);
    for (int waited = 0; waited < kPatienceMilliseconds && !exit_code(); ++waited) usleep(1000);
    if (exit_code()) return;
    kill(child_, SIGKILL);
    while (!exit_code()) usleep(1000);
}

std::string program_of(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    const char* path = std::getenv("PATH");
    for (const std::string_view directory : split(path != nullptr ? path : "/usr/bin:/bin", ':')) {
        std::string candidate = std::string(directory) + "/" + name;
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return {};
}

}  // namespace footfall
