#include "symbolizer/worker/symbolizer_client.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <numeric>
#include <optional>
#include <utility>

#include "symbolizer/worker/answers.h"
#include "symbolizer/worker/message_socket.h"
#include "symbolizer/worker/spawn.h"
#include "symbolizer/worker/symbolizer_worker.h"

namespace footfall {
namespace {

constexpr int kMoreForSources = 3;
constexpr std::size_t kAddressesAtOnce = 16'384;  // keeps an answer below kMaxMessageBytes

std::vector<int> descriptors_of(const ModuleFiles& files) {
    std::vector<int> descriptors{files.elf};
    if (files.debug >= 0) descriptors.push_back(files.debug);
    if (files.alt >= 0) descriptors.push_back(files.alt);
    return descriptors;
}

}  // namespace

SymbolizerClient::SymbolizerClient(SymbolizerOptions options) : options_(std::move(options)) {}

SymbolizerClient::~SymbolizerClient() { stop(); }

bool SymbolizerClient::start() {
    if (pid_ > 0) return true;
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
    Fd ours(ends[0]);
    const Fd theirs(ends[1]);
    static_assert(kSymbolizerWorkerSocket == kFirstHelperFile);
    const int socket = theirs.get();
    pid_ = spawn_helper(options_.command, std::span(&socket, 1), own_environment({}));
    if (pid_ > 0) socket_ = std::move(ours);
    return pid_ > 0;
}

void SymbolizerClient::stop() {
    socket_.reset();
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
}

SymbolizerClient::FileKey SymbolizerClient::key_of(int file, Purpose purpose) {
    struct stat status {};
    fstat(file, &status);
    const auto modified = static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000U +
                          static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), modified, purpose};
}

Miss SymbolizerClient::known_as_bad(const FileKey& key) const {
    const auto found = bad_files_.find(key);
    return found == bad_files_.end() ? Miss::kNone : found->second.miss;
}

void SymbolizerClient::remember_as_bad(const FileKey& key, Miss miss) {
    bad_files_[key] = {miss, failures_++};
    if (bad_files_.size() <= options_.bad_files) return;
    bad_files_.erase(std::min_element(bad_files_.begin(), bad_files_.end(),
                                      [](const auto& a, const auto& b) { return a.second.since < b.second.since; }));
}

SymbolizerClient::Limit SymbolizerClient::limit_of_question() const {
    constexpr int kShare = 3;
    const auto share = budget_ != nullptr ? budget_->left() / kShare : TimeBudget::Clock::duration::max();
    return share < options_.deadline ? Limit{share, Miss::kNamingLate} : Limit{options_.deadline, Miss::kTimedOut};
}

tl::expected<symbolizer::Answer, Miss> SymbolizerClient::ask(const FileKey& key, const symbolizer::Question& question,
                                                             std::span<const int> files) {
    if (const Miss known = known_as_bad(key); known != Miss::kNone) return tl::unexpected(known);
    if (budget_ != nullptr && budget_->used_up()) return tl::unexpected(Miss::kNamingLate);
    const TimeBudget::Step step(budget_);
    Limit limit = limit_of_question();
    // All of a file's debug information is read, once.
    if (key.purpose == Purpose::kFunctionSources && limit.miss == Miss::kTimedOut) limit.time *= kMoreForSources;
    const auto deadline = TimeBudget::Clock::now() + limit.time;
    const std::string bytes = question.SerializeAsString();
    // A worker that ended while it had nothing to do is not this file's fault: the second try has a new one.
    std::optional<SocketFailure> unsent = SocketFailure::kClosed;
    for (int tries = 0; tries < 2 && unsent == SocketFailure::kClosed; ++tries) {
        if (!start()) return tl::unexpected(Miss::kNoWorker);
        unsent = send_message(socket_.get(), bytes, files, deadline);
        if (unsent) stop();
    }
    if (unsent) return tl::unexpected(unsent == SocketFailure::kTimedOut ? limit.miss : Miss::kNoWorker);

    const auto message = receive_message(socket_.get(), deadline);
    symbolizer::Answer answer;
    if (message && answer.ParseFromString(message->bytes)) {
        Miss miss = Miss::kNone;
        if (!read_miss(answer.miss(), miss)) miss = Miss::kMalformed;
        if (miss != Miss::kNone) return tl::unexpected(miss);
        return answer;
    }
    const bool late = !message && message.error() == SocketFailure::kTimedOut;
    const Miss miss = late ? limit.miss : Miss::kCrashed;
    stop();
    ++workers_lost_;
    // With more time, it might have had an answer.
    if (miss != Miss::kNamingLate) remember_as_bad(key, miss);
    return tl::unexpected(miss);
}

tl::expected<FileDescription, Miss> SymbolizerClient::describe(int elf) {
    symbolizer::Question question;
    question.mutable_describe();
    const auto answer = ask(key_of(elf, Purpose::kDescribe), question, std::span(&elf, 1));
    if (!answer) return tl::unexpected(answer.error());
    return read_description(answer->description());
}

tl::expected<std::uint32_t, Miss> SymbolizerClient::checksum(int file) {
    symbolizer::Question question;
    question.mutable_checksum();
    const auto answer = ask(key_of(file, Purpose::kChecksum), question, std::span(&file, 1));
    if (!answer) return tl::unexpected(answer.error());
    return answer->checksum();
}

tl::expected<FunctionAnswer, Miss> SymbolizerClient::functions(const ModuleFiles& files, const FunctionQuery& query) {
    symbolizer::Question question;
    symbolizer::ListFunctions& list = *question.mutable_list_functions();
    for (const std::string& glob : query.globs) list.add_globs(glob);
    list.set_most(query.most);
    list.set_timed(query.timed);
    list.set_unwound(query.unwound);
    list.set_by_caller(query.by_caller);
    list.set_arguments(query.arguments);
    list.set_argument(query.argument);
    for (const std::string& regex : query.regexes) list.add_regexes(regex);
    for (const std::string& source : query.sources) list.add_sources(source);
    list.set_has_debug(files.debug >= 0);
    list.set_has_alt(files.alt >= 0);
    // A file whose debug information can't be read may still be asked for names.
    const Purpose purpose = query.sources.empty() ? Purpose::kFunctions : Purpose::kFunctionSources;
    const auto answer = ask(key_of(files.elf, purpose), question, descriptors_of(files));
    if (!answer) return tl::unexpected(answer.error());
    FunctionAnswer functions;
    if (!read_functions(answer->functions(), functions)) return tl::unexpected(Miss::kMalformed);
    return functions;
}

tl::expected<std::vector<std::string>, Miss> SymbolizerClient::grpc_methods(int elf) {
    symbolizer::Question question;
    question.mutable_list_methods();
    const auto answer = ask(key_of(elf, Purpose::kMethods), question, std::span(&elf, 1));
    if (!answer) return tl::unexpected(answer.error());
    const auto& names = answer->methods().names();
    return std::vector<std::string>(names.begin(), names.end());
}

Miss SymbolizerClient::build_unwind_table(int elf, int out) {
    symbolizer::Question question;
    question.mutable_build_unwind_table();
    const std::array<int, 2> files{elf, out};
    const auto answer = ask(key_of(elf, Purpose::kUnwindTable), question, files);
    return answer ? Miss::kNone : answer.error();
}

std::vector<SymbolizedAddress> SymbolizerClient::symbols(const ModuleFiles& files, std::span<const std::uint64_t> addresses,
                                                         Detail detail) {
    // In the order of addresses, what one question reads is not read again for the next.
    std::vector<std::size_t> order(addresses.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return addresses[a] < addresses[b]; });
    std::vector<SymbolizedAddress> answers(addresses.size());
    std::vector<SymbolizedAddress> part;
    for (std::size_t begin = 0; begin < order.size(); begin += kAddressesAtOnce) {
        const auto indexes = std::span(order).subspan(begin, std::min(kAddressesAtOnce, order.size() - begin));
        symbolizer::Symbols question;
        for (const std::size_t index : indexes) question.add_addresses(addresses[index]);
        part.assign(indexes.size(), {});
        Miss miss = name_part(files, question, detail, part);
        const bool gave_up = miss == Miss::kTimedOut || miss == Miss::kCrashed || miss == Miss::kNamingLate;
        if (detail == Detail::kLines && gave_up) miss = name_part(files, question, Detail::kNames, part);
        for (std::size_t i = 0; i < indexes.size(); ++i) {
            if (miss != Miss::kNone) part[i].miss = miss;
            answers[indexes[i]] = std::move(part[i]);
        }
    }
    return answers;
}

Miss SymbolizerClient::name_part(const ModuleFiles& files, symbolizer::Symbols symbols, Detail detail,
                                 std::span<SymbolizedAddress> into) {
    symbols.set_has_debug(files.debug >= 0);
    symbols.set_has_alt(files.alt >= 0);
    symbols.set_lines(detail == Detail::kLines);
    symbolizer::Question question;
    *question.mutable_symbols() = std::move(symbols);
    const FileKey key = key_of(files.elf, detail == Detail::kLines ? Purpose::kLines : Purpose::kNames);
    const auto answer = ask(key, question, descriptors_of(files));
    if (!answer) return answer.error();
    return read_names(answer->names(), into) ? Miss::kNone : Miss::kMalformed;
}

}  // namespace footfall
