#include "agent/probes/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/base/fd.h"
#include "agent/kernel/libbpf_log.h"
#include "agent/kernel/support.h"

namespace footfall {

tl::unexpected<Error> refusal(const std::string& what, int error) {
    const std::string said = LibbpfLog::tail(12);
    const std::string detail = said.empty() ? what : what + "\n" + said;
    if (error == EPERM || error == EACCES) {
        if (auto allowed = check_bpf_allowed(); !allowed) return tl::unexpected<Error>(allowed.error());
    }
    if (error == EINVAL || error == EACCES) {
        return system_failure(detail, error,
                              "this kernel's verifier refused a program: please report it with `footfall doctor --json`");
    }
    return system_failure(detail, error, "`footfall doctor` tells what is missing", ExitCode::kUnavailable);
}

Result<void> attach_program(bpf_program* program, bpf_link** link) {
    if (!bpf_program__autoload(program)) return {};
    *link = bpf_program__attach(program);
    if (*link == nullptr) return refusal(std::string("cannot attach ") + bpf_program__name(program), errno);
    return {};
}

Result<void> run_iterator(const bpf_link* iterator, const std::string& what, const std::function<void()>& drain) {
    constexpr std::size_t kEventsAtOnce = 16;  // that lie in the ring between two looks
    const Fd reader(bpf_iter_create(bpf_link__fd(iterator)));
    if (!reader.valid()) return refusal(what, errno);
    std::array<char, kEventsAtOnce> sent{};
    for (;;) {
        const ssize_t count = read(reader.get(), sent.data(), sent.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return refusal(what, errno);
        drain();
        if (count == 0) return {};
    }
}

}  // namespace footfall
