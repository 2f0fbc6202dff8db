// The user half of the tls probe: loads it with the maps that the sockets probe shares, and attaches it to files. Gone from
// the kernel when it is destroyed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/result.h"
#include "agent/probes/probe_set.h"
#include "agent/probes/tls_functions.h"
#include "bpf/contract/probe_config.h"
#include "bpf/contract/tls_probe.h"

struct tls_bpf;
struct bpf_link;
struct bpf_program;

namespace footfall {

// How a call and its return are seen.
enum class TlsHook {
    kSession,  // one program for both (kernel >= 6.13)
    kPair,     // two programs, each attached to all functions at once (>= 6.6)
    kSingle,   // two programs and an event for each function; needs CAP_SYS_ADMIN, and takes 0.1 s to detach each
};

std::string_view text_of(TlsHook hook);

class TlsProbe {
public:
    // Loads without attaching. Errors as ProbeSet::load().
    static Result<TlsProbe> load(const ff_probe_config& who, const SharedMapFds& shared);
    TlsProbe(TlsProbe&&) noexcept;
    TlsProbe& operator=(TlsProbe&&) noexcept;
    ~TlsProbe();

    // To all processes that have the file mapped or will have. Returns its number, for detach().
    Result<unsigned> attach(const Fd& file, const TlsFunctions& found);
    // As many files are attached as may be.
    [[nodiscard]] bool is_full() const;
    void detach(unsigned number);
    void detach_all();

    [[nodiscard]] TlsHook hook() const { return hook_; }
    [[nodiscard]] std::vector<int> program_fds() const;

private:
    struct Destroy {
        void operator()(tls_bpf* skeleton) const;
    };
    struct DestroyLink {
        void operator()(bpf_link* link) const;
    };
    struct Links {
        bool used = false;
        std::vector<Fd> many;
        std::vector<std::unique_ptr<bpf_link, DestroyLink>> single;
    };

    TlsProbe() = default;
    Result<void> open(const ff_probe_config& who, const SharedMapFds& shared, TlsHook hook);
    struct Part;
    [[nodiscard]] std::vector<Part> parts_of(const TlsFunctions& found) const;
    [[nodiscard]] std::vector<Part> rustls_parts_of(const TlsFunctions& found) const;
    Result<void> attach_all(Links& links, const Fd& file, const TlsFunctions& found, unsigned number);
    static Result<void> attach_single(Links& links, const Part& part, const Fd& file, unsigned number);

    TlsHook hook_ = TlsHook::kSession;
    std::unique_ptr<tls_bpf, Destroy> skeleton_;
    std::array<Links, FF_TLS_LIBRARIES> links_;
};

}  // namespace footfall
