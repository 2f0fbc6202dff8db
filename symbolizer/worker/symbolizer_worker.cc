#include "symbolizer/worker/symbolizer_worker.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <new>
#include <numeric>
#include <optional>
#include <vector>

#include "symbolizer/descriptors/embedded_methods.h"
#include "symbolizer/elf/description.h"
#include "symbolizer/worker/answers.h"
#include "symbolizer/worker/message_socket.h"
#include "symbolizer/worker/module_cache.h"
#include "symbolizer/worker/sandbox.h"

namespace footfall {
namespace {

constexpr std::size_t kMaxMemory = std::size_t{1} << 30;
constexpr std::size_t kChecksumBytes = std::size_t{256} << 10;
// As much as is fetched from servers at most. The few debug files that come near this, those of browsers, have a build-id,
// so that nobody needs their checksum. A file with a hole seems to be as large as whoever made it likes, at no cost to him.
constexpr off_t kLargestDebugFile = off_t{2} << 30;

symbolizer::Answer checksum_answer(int file) {
    struct stat status {};
    if (fstat(file, &status) != 0 || status.st_size > kLargestDebugFile) return answer_of(Miss::kTooLarge);
    std::vector<unsigned char> bytes(kChecksumBytes);
    uLong checksum = crc32(0, nullptr, 0);
    for (off_t at = 0; at < status.st_size;) {
        const ssize_t count = pread(file, bytes.data(), bytes.size(), at);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return answer_of(Miss::kMalformed);
        if (count == 0) break;
        checksum = crc32(checksum, bytes.data(), static_cast<uInt>(count));
        at += count;
    }
    symbolizer::Answer answer;
    answer.set_checksum(static_cast<std::uint32_t>(checksum));
    return answer;
}

class Worker {
public:
    explicit Worker(const SymbolizerWorkerOptions& options) : options_(options), modules_(options.cache_bytes) {}

    symbolizer::Answer answer(const symbolizer::Question& question, std::vector<Fd> files) {
        if (files.empty()) return answer_of(Miss::kMalformed);
        switch (question.about_case()) {
            case symbolizer::Question::kDescribe: {
                const auto description = describe_elf(files[0].get());
                return description ? answer_of(*description) : answer_of(description.error());
            }
            case symbolizer::Question::kChecksum:
                return checksum_answer(files[0].get());
            case symbolizer::Question::kSymbols:
                return name_addresses(question.symbols(), std::move(files));
            case symbolizer::Question::kBuildUnwindTable:
                return answer_of(files.size() < 2 ? Miss::kMalformed
                                                  : options_.build_unwind_table(files[0].get(), files[1].get()));
            case symbolizer::Question::kListFunctions:
                return functions_of(question.list_functions(), std::move(files));
            case symbolizer::Question::kListMethods:
                return methods_of(files[0].get());
            case symbolizer::Question::ABOUT_NOT_SET:
                break;
        }
        return answer_of(Miss::kMalformed);
    }

private:
    symbolizer::Answer functions_of(const symbolizer::ListFunctions& question, std::vector<Fd> files) {
        auto module_files = files_of_module(question, std::move(files));
        if (!module_files) return answer_of(Miss::kMalformed);
        const FunctionQuery query{{question.globs().begin(), question.globs().end()},
                                  question.most(),
                                  question.timed(),
                                  question.unwound(),
                                  question.by_caller(),
                                  question.arguments(),
                                  question.argument(),
                                  {question.regexes().begin(), question.regexes().end()},
                                  {question.sources().begin(), question.sources().end()}};
        if (query.sources.empty())
            return answer_or_miss(list_functions(module_files->elf.get(), query, {module_files->debug.get(), {}}));
        Module& module = modules_.get(*std::move(module_files));
        const FunctionHelp help{module.files().debug.get(),
                                [&module](std::uint64_t address) { return module.source_of(address); }};
        symbolizer::Answer answer = answer_or_miss(list_functions(module.files().elf.get(), query, help));
        modules_.trim();
        return answer;
    }

    static symbolizer::Answer answer_or_miss(const tl::expected<FunctionAnswer, Miss>& functions) {
        return functions ? answer_of(*functions) : answer_of(functions.error());
    }

    // Of a question that comes with a module's files; nothing where they are not those that it tells of.
    template <typename AboutModule>
    static std::optional<ModuleFds> files_of_module(const AboutModule& question, std::vector<Fd> files) {
        const std::size_t wanted = 1U + (question.has_debug() ? 1U : 0U) + (question.has_alt() ? 1U : 0U);
        if (files.size() != wanted) return std::nullopt;
        ModuleFds module_files{std::move(files[0]), {}, {}};
        if (question.has_debug()) module_files.debug = std::move(files[1]);
        if (question.has_alt()) module_files.alt = std::move(files.back());
        return module_files;
    }

    static symbolizer::Answer methods_of(int elf) {
        const auto methods = embedded_methods(elf);
        if (!methods) return answer_of(methods.error());
        symbolizer::Answer answer;
        for (const std::string& name : *methods) answer.mutable_methods()->add_names(name);
        return answer;
    }

    symbolizer::Answer name_addresses(const symbolizer::Symbols& question, std::vector<Fd> files) {
        auto module_files = files_of_module(question, std::move(files));
        if (!module_files) return answer_of(Miss::kMalformed);
        Module& module = modules_.get(*std::move(module_files));

        const Detail detail = question.lines() ? Detail::kLines : Detail::kNames;
        NamesWriter names(static_cast<std::size_t>(question.addresses_size()));
        for (const int index : by_address(question))
            names.set(static_cast<std::size_t>(index), module.symbolize(question.addresses(index), detail));
        symbolizer::Answer answer = names.finish();
        modules_.trim();
        return answer;
    }

    static std::vector<int> by_address(const symbolizer::Symbols& question) {
        std::vector<int> order(static_cast<std::size_t>(question.addresses_size()));
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(), [&](int a, int b) { return question.addresses(a) < question.addresses(b); });
        return order;
    }

    const SymbolizerWorkerOptions& options_;
    ModuleCache modules_;
};

void serve(int socket, const SymbolizerWorkerOptions& options) {
    Worker worker(options);
    while (true) {
        auto message = receive_message(socket, std::nullopt);
        symbolizer::Question question;
        if (!message || !question.ParseFromString(message->bytes)) return;
        const std::string answer = worker.answer(question, std::move(message->files)).SerializeAsString();
        if (send_message(socket, answer, {}, std::nullopt)) return;
    }
}

}  // namespace

int run_symbolizer_worker(int socket, const SymbolizerWorkerOptions& options) {
    std::set_new_handler([] { _exit(static_cast<int>(ExitCode::kFailed)); });  // at its memory limit, in silence
    if (const auto inside = enter_sandbox(kMaxMemory); !inside) {
        std::fprintf(stderr, "footfall: symbolizer: %s\n", inside.error().what.c_str());
        return static_cast<int>(inside.error().exit_code);
    }
    serve(socket, options);
    // Nothing to clean up that the kernel doesn't, and no more allowed than to end.
    _exit(0);
}

}  // namespace footfall
