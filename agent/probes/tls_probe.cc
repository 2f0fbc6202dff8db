#include "agent/probes/tls_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "agent/base/clock.h"
#include "agent/kernel/libbpf_log.h"
#include "agent/kernel/uprobe_multi.h"
#include "agent/probes/attach.h"

// After the contract: the skeleton names its types.
#include "tls.skel.h"

namespace footfall {

struct TlsPlace {
    ff_tls_function function{};
    std::uint64_t file_offset = 0;
};

namespace {

std::vector<TlsPlace> entries_of(const std::vector<TlsFunction>& functions, bool with_returns) {
    std::vector<TlsPlace> places;
    for (const TlsFunction& function : functions) {
        if (sees_return(function.function) == with_returns) places.push_back({function.function, function.file_offset});
    }
    return places;
}

std::vector<TlsPlace> entries_of(const std::vector<TlsFunction>& functions, ff_tls_function kind) {
    std::vector<TlsPlace> places;
    for (const TlsFunction& function : functions) {
        if (function.function == kind) places.push_back({kind, function.file_offset});
    }
    return places;
}

std::vector<TlsPlace> returns_of(const std::vector<TlsFunction>& functions) {
    std::vector<TlsPlace> places;
    for (const TlsFunction& function : functions) {
        for (const std::uint64_t at : function.returns) places.push_back({function.function, at});
    }
    return places;
}

}  // namespace

// One program, and all places of a file that it is attached to.
struct TlsProbe::Part {
    const bpf_program* program = nullptr;
    std::vector<TlsPlace> places;
    UprobeEnd end = UprobeEnd::kEntry;

    [[nodiscard]] std::vector<UprobePlace> uprobes(unsigned library) const {
        std::vector<UprobePlace> uprobes;
        for (const TlsPlace& place : places) uprobes.push_back({place.file_offset, FF_TLS_COOKIE(place.function, library)});
        return uprobes;
    }
};

std::string_view text_of(TlsHook hook) {
    switch (hook) {
        case TlsHook::kSession:
            return "uprobe sessions";
        case TlsHook::kPair:
            return "uprobe.multi, entry and return";
        case TlsHook::kSingle:
            return "single uprobes, entry and return";
    }
    return {};
}

void TlsProbe::Destroy::operator()(tls_bpf* skeleton) const { tls_bpf__destroy(skeleton); }
void TlsProbe::DestroyLink::operator()(bpf_link* link) const { bpf_link__destroy(link); }

TlsProbe::TlsProbe(TlsProbe&&) noexcept = default;
TlsProbe& TlsProbe::operator=(TlsProbe&&) noexcept = default;
TlsProbe::~TlsProbe() = default;

Result<TlsProbe> TlsProbe::load(const ff_probe_config& who, const SharedMapFds& shared) {
    const LibbpfLog log;
    TlsProbe probe;
    if (probe.open(who, shared, TlsHook::kSession)) return probe;
    if (auto opened = probe.open(who, shared, TlsHook::kPair); !opened) return tl::unexpected<Error>(opened.error());
    return probe;
}

Result<void> TlsProbe::open(const ff_probe_config& who, const SharedMapFds& shared, TlsHook hook) {
    hook_ = hook;
    skeleton_.reset(tls_bpf__open());
    if (!skeleton_) return refusal("cannot open the tls probe", errno);
    skeleton_->rodata->probe_config = who;
    const auto& programs = skeleton_->progs;
    const bool session = hook == TlsHook::kSession;
    for (bpf_program* program : {programs.tls_called, programs.rustls_called}) {
        bpf_program__set_autoload(program, session);
        bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(attach_type_of(UprobeEnd::kBoth)));
    }
    for (bpf_program* program :
         {programs.tls_entered, programs.tls_returned, programs.rustls_entered, programs.rustls_returned})
        bpf_program__set_autoload(program, !session);
    const auto& maps = skeleton_->maps;
    int error = bpf_map__reuse_fd(maps.events, shared.events);
    if (error == 0) error = bpf_map__reuse_fd(maps.counters, shared.counters);
    if (error == 0) error = bpf_map__reuse_fd(maps.watched, shared.watched);
    if (error == 0) error = bpf_map__reuse_fd(maps.refusals, shared.refusals);
    if (error == 0) error = bpf_map__reuse_fd(maps.tls_threads, shared.tls_threads);
    if (error == 0) error = bpf_map__reuse_fd(maps.goroutines_received, shared.goroutines_received);
    if (error == 0) error = bpf_map__reuse_fd(maps.rustls_places, shared.rustls_places);
    if (error == 0) error = bpf_map__reuse_fd(maps.cpu_clocks, shared.cpu_clocks);
    if (error == 0 && who.thread_calls != 0) error = bpf_map__reuse_fd(maps.thread_calls, shared.thread_calls);
    if (error == 0 && who.thread_calls == 0) error = bpf_map__set_autocreate(maps.thread_calls, false);
    if (error == 0) error = tls_bpf__load(skeleton_.get());
    if (error != 0) return refusal("cannot load the tls probe", -error);
    return {};
}

Result<unsigned> TlsProbe::attach(const Fd& file, const TlsFunctions& found) {
    const LibbpfLog log;
    const auto free = std::find_if(links_.begin(), links_.end(), [](const Links& links) { return !links.used; });
    if (free == links_.end()) return failure("too many TLS libraries are attached at once");
    const auto number = static_cast<unsigned>(free - links_.begin());
    Result<void> attached = attach_all(*free, file, found, number);
    if (!attached && hook_ == TlsHook::kPair) {
        hook_ = TlsHook::kSingle;
        *free = {};
        attached = attach_all(*free, file, found, number);
    }
    if (!attached) {
        *free = {};
        return tl::unexpected<Error>(attached.error());
    }
    free->used = true;
    skeleton_->bss->probed_since[number] = monotonic_now().nanoseconds;
    return number;
}

bool TlsProbe::is_full() const {
    return std::all_of(links_.begin(), links_.end(), [](const Links& links) { return links.used; });
}

// The returns first: one whose entry was not seen means nothing, and an entry without its return would be open for ever.
std::vector<TlsProbe::Part> TlsProbe::parts_of(const TlsFunctions& found) const {
    const auto& programs = skeleton_->progs;
    const std::vector<TlsPlace> calls = entries_of(found.functions, true);
    const std::vector<TlsPlace> ends = entries_of(found.functions, FF_TLS_FREE);
    const std::vector<TlsPlace> writes = entries_of(found.functions, FF_GO_WRITE);
    if (found.calls == TlsCalls::kGo) {
        return {{programs.go_returned, returns_of(found.functions)},
                {programs.go_entered, calls},
                {programs.go_wrote, writes},
                {programs.go_freed, ends}};
    }
    if (found.calls == TlsCalls::kGoStack) {
        return {{programs.go_stack_returned, returns_of(found.functions)},
                {programs.go_stack_entered, calls},
                {programs.go_stack_wrote, writes},
                {programs.go_stack_freed, ends}};
    }
    if (found.calls == TlsCalls::kRustls) return rustls_parts_of(found);
    if (hook_ == TlsHook::kSession) return {{programs.tls_called, calls, UprobeEnd::kBoth}, {programs.tls_freed, ends}};
    return {{programs.tls_returned, calls, UprobeEnd::kReturn}, {programs.tls_entered, calls}, {programs.tls_freed, ends}};
}

std::vector<TlsProbe::Part> TlsProbe::rustls_parts_of(const TlsFunctions& found) const {
    const auto& programs = skeleton_->progs;
    const std::vector<TlsPlace> calls = entries_of(found.functions, true);
    const std::vector<TlsPlace> received = entries_of(found.functions, FF_RUSTLS_RECEIVED);
    const std::vector<TlsPlace> began = entries_of(found.functions, FF_RUSTLS_BEGIN);
    if (hook_ == TlsHook::kSession) {
        return {{programs.rustls_received, received},
                {programs.rustls_began, began},
                {programs.rustls_called, calls, UprobeEnd::kBoth}};
    }
    return {{programs.rustls_received, received},
            {programs.rustls_began, began},
            {programs.rustls_returned, calls, UprobeEnd::kReturn},
            {programs.rustls_entered, calls}};
}

Result<void> TlsProbe::attach_all(Links& links, const Fd& file, const TlsFunctions& found, unsigned number) {
    for (const Part& part : parts_of(found)) {
        if (part.places.empty()) continue;
        if (hook_ == TlsHook::kSingle) {
            if (auto attached = attach_single(links, part, file, number); !attached) return attached;
            continue;
        }
        Fd link = attach_uprobes(bpf_program__fd(part.program), file.get(), part.end, part.uprobes(number));
        if (!link.valid()) return refusal("cannot attach to a TLS library", errno);
        links.many.push_back(std::move(link));
    }
    return {};
}

Result<void> TlsProbe::attach_single(Links& links, const Part& part, const Fd& file, unsigned number) {
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    for (const UprobePlace& place : part.uprobes(number)) {
        bpf_uprobe_opts options{};
        options.sz = sizeof options;
        options.bpf_cookie = place.cookie;
        options.retprobe = part.end == UprobeEnd::kReturn;
        bpf_link* link = bpf_program__attach_uprobe_opts(part.program, -1, path.c_str(), place.file_offset, &options);
        if (link == nullptr) return refusal("cannot attach to a TLS library", errno);
        links.single.emplace_back(link);
    }
    return {};
}

void TlsProbe::detach(unsigned number) {
    skeleton_->bss->probed_since[number] = 0;
    links_.at(number) = {};
}

void TlsProbe::detach_all() {
    for (unsigned number = 0; number < links_.size(); ++number) {
        if (links_[number].used) detach(number);
    }
}

std::vector<int> TlsProbe::program_fds() const {
    std::vector<int> fds;
    const auto& programs = skeleton_->progs;
    for (const bpf_program* program :
         {programs.tls_called, programs.tls_entered, programs.tls_returned, programs.tls_freed, programs.go_entered,
          programs.go_returned, programs.go_freed, programs.go_wrote, programs.go_stack_wrote, programs.go_stack_entered,
          programs.go_stack_returned, programs.go_stack_freed, programs.rustls_called, programs.rustls_entered,
          programs.rustls_returned, programs.rustls_received, programs.rustls_began}) {
        if (const int fd = bpf_program__fd(program); fd >= 0) fds.push_back(fd);
    }
    return fds;
}

}  // namespace footfall
