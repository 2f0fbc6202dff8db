#include "symbolizer/debuginfod/debuginfod_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>
#include <utility>

#include "symbolizer/debuginfod/debuginfod_fetch.h"
#include "symbolizer/worker/sandbox.h"
#include "symbolizer/worker/spawn.h"

namespace footfall {
namespace {

using Clock = TimeBudget::Clock;

constexpr const char* kSuffix = ".debug";
constexpr const char* kAbsentSuffix = ".absent";
constexpr std::uint64_t kAbsentBytes = std::uint64_t{256} << 10;
constexpr const char* kScratchPrefix = "fetch-";
constexpr std::chrono::seconds kGrace{2};  // for a helper that has reached its limit of time, to say so itself

// A directory for one helper, which goes with all that is in it.
class ScratchDirectory {
public:
    explicit ScratchDirectory(const std::filesystem::path& parent) : path_((parent / kScratchPrefix).string() + "XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) {
            path_.clear();
            return;
        }
        directory_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
        const bool owned = geteuid() != 0 || fchown(directory_.get(), kNobodyUser, kNobodyUser) == 0;
        if (!owned) directory_.reset();
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    [[nodiscard]] int get() const { return directory_.get(); }

private:
    std::string path_;
    Fd directory_;
};

// What an agent that was killed has left.
void remove_old_scratch(const std::filesystem::path& parent) {
    constexpr std::chrono::hours kLongerThanAnyDownload{24};
    std::error_code error;
    const auto old = std::filesystem::file_time_type::clock::now() - kLongerThanAnyDownload;
    std::vector<std::filesystem::path> left;
    for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
        if (!entry.path().filename().string().starts_with(kScratchPrefix)) continue;
        if (entry.last_write_time(error) < old && !error) left.push_back(entry.path());
    }
    for (const auto& path : left) std::filesystem::remove_all(path, error);
}

// A helper may have been taken over: it says one of these, or nothing that counts.
Miss miss_of(int exit_code) {
    constexpr std::array kSaid{Miss::kNone,
                               Miss::kDebuginfodAbsent,
                               Miss::kDebuginfodSilent,
                               Miss::kDebuginfodFailed,
                               Miss::kDebuginfodTooLarge,
                               Miss::kDebuginfodLate,
                               Miss::kDebuginfodNoCache,
                               Miss::kDebuginfodNoLibrary};
    const auto* const said = std::find(kSaid.begin(), kSaid.end(), static_cast<Miss>(exit_code));
    return said == kSaid.end() ? Miss::kDebuginfodNoHelper : *said;
}

// Reaps the helper, which is ended at the deadline.
Miss outcome_of(pid_t pid, Clock::time_point deadline) {
    const Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    bool ended = false;
    while (process.valid() && !ended && Clock::now() < deadline) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd waiting{process.get(), POLLIN, 0};
        ended = poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000))) > 0;
    }
    if (!ended) kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return Miss::kDebuginfodNoHelper;
    }
    if (!ended || (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)) return Miss::kDebuginfodSilent;  // its watchdog
    return WIFEXITED(status) ? miss_of(WEXITSTATUS(status)) : Miss::kDebuginfodNoHelper;
}

std::vector<std::string> environment_with(const std::string& url) {
    // The way to a server, as libcurl and its TLS library look it up.
    constexpr std::array<std::string_view, 10> kNames{"http_proxy",    "https_proxy", "no_proxy", "all_proxy",
                                                      "HTTP_PROXY",    "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
                                                      "SSL_CERT_FILE", "SSL_CERT_DIR"};
    std::vector<std::string> variables = own_environment(kNames);
    variables.push_back(std::string(kFetchUrl) + "=" + url);
    return variables;
}

// Another file will fare no better.
bool is_of_server(Miss miss) {
    return miss == Miss::kDebuginfodSilent || miss == Miss::kDebuginfodFailed || miss == Miss::kDebuginfodNoLibrary ||
           miss == Miss::kDebuginfodNoHelper;
}

}  // namespace

DebuginfodClient::DebuginfodClient(DebuginfodOptions options)
    : options_(std::move(options)),
      patience_(options_.patience),
      // Without servers, nothing is written either.
      files_(configured() ? options_.cache_directory : "", kSuffix, options_.cache_bytes),
      absent_(configured() ? options_.cache_directory : "", kAbsentSuffix, kAbsentBytes) {
    for (const std::string& url : options_.urls) servers_.push_back({url});
    if (files_.usable()) remove_old_scratch(files_.directory());
}

tl::expected<FetchedFile, Miss> DebuginfodClient::find(SymbolizerClient& symbolizer, const std::string& build_id) {
    if (!configured() || !FileCache::is_name(build_id)) return tl::unexpected(Miss::kNoSuchFile);
    if (const auto known = misses_.find(build_id); known != misses_.end()) return tl::unexpected(known->second);
    auto found = in_cache(symbolizer, build_id);
    if (!found) found = from_servers(symbolizer, build_id);
    if (!found) misses_[build_id] = found.error();
    return found;
}

tl::expected<FetchedFile, Miss> DebuginfodClient::in_cache(SymbolizerClient& symbolizer, const std::string& build_id) {
    Fd file = files_.open(build_id);
    if (!file.valid()) return tl::unexpected(Miss::kNoSuchFile);
    FileCache::mark_used(file.get());
    auto description = symbolizer.describe(file.get());
    if (description && description->build_id == build_id) return FetchedFile{std::move(file), std::move(*description)};
    files_.remove(build_id);
    return tl::unexpected(Miss::kDebugFileMismatch);
}

tl::expected<FetchedFile, Miss> DebuginfodClient::from_servers(SymbolizerClient& symbolizer, const std::string& build_id) {
    if (!files_.usable()) return tl::unexpected(Miss::kDebuginfodNoCache);
    if (known_as_absent(build_id)) return tl::unexpected(Miss::kDebuginfodAbsent);
    Miss miss = Miss::kDebuginfodAbsent;
    for (Server& server : servers_) {
        auto found = from(server, symbolizer, build_id);
        if (found) return found;
        if (found.error() != Miss::kDebuginfodAbsent) miss = found.error();
    }
    if (miss == Miss::kDebuginfodAbsent) remember_as_absent(build_id);
    return tl::unexpected(miss);
}

tl::expected<FetchedFile, Miss> DebuginfodClient::from(Server& server, SymbolizerClient& symbolizer,
                                                       const std::string& build_id) {
    if (server.given_up != Miss::kNone) return tl::unexpected(server.given_up);
    if (patience_.used_up() || questions_ >= options_.most_questions) return tl::unexpected(Miss::kDebuginfodLate);
    auto file = files_.create();
    if (!file) return tl::unexpected(Miss::kDebuginfodNoCache);
    ++questions_;
    const Miss miss = fetch(server.url, build_id, file->get());
    if (is_of_server(miss)) server.given_up = miss;
    if (miss != Miss::kNone) return tl::unexpected(miss);
    auto description = symbolizer.describe(file->get());
    if (!description || description->build_id != build_id) return tl::unexpected(Miss::kDebugFileMismatch);
    files_.keep(file->get(), build_id);
    return FetchedFile{std::move(*file), std::move(*description)};
}

Miss DebuginfodClient::fetch(const std::string& url, const std::string& build_id, int file) {
    const TimeBudget::Step step(&patience_);
    const ScratchDirectory scratch(files_.directory());
    if (scratch.get() < 0) return Miss::kDebuginfodNoCache;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(patience_.left());
    std::vector<std::string> command = options_.command;
    for (std::string& argument : arguments_of({build_id, options_.max_file_bytes, left, options_.silence}))
        command.push_back(std::move(argument));
    const std::array<int, 2> files{file, scratch.get()};
    static_assert(kFetchedFile == kFirstHelperFile && kFetchDirectory == kFetchedFile + 1);
    const pid_t pid = spawn_helper(command, files, environment_with(url));
    return pid > 0 ? outcome_of(pid, Clock::now() + left + kGrace) : Miss::kDebuginfodNoHelper;
}

std::string DebuginfodClient::all_urls() const {
    std::string urls;
    for (const std::string& url : options_.urls) urls += url + "\n";
    return urls;
}

bool DebuginfodClient::known_as_absent(const std::string& build_id) const {
    const Fd file = absent_.open(build_id);
    struct stat status {};
    if (!file.valid() || fstat(file.get(), &status) != 0) return false;
    if (time(nullptr) - status.st_mtim.tv_sec >= options_.absent_for.count()) return false;
    const std::string urls = all_urls();
    std::string asked(urls.size() + 1, '\0');
    return pread(file.get(), asked.data(), asked.size(), 0) == static_cast<ssize_t>(urls.size()) && asked.starts_with(urls);
}

void DebuginfodClient::remember_as_absent(const std::string& build_id) {
    const auto file = absent_.create();
    const std::string urls = all_urls();
    if (!file || write(file->get(), urls.data(), urls.size()) != static_cast<ssize_t>(urls.size())) return;
    absent_.remove(build_id);
    absent_.keep(file->get(), build_id);
}

}  // namespace footfall
