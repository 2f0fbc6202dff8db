// Which TLS libraries the watched processes have, and the probes on them: each file once, however many processes map it.
// Where none of those lives any more, probes cost nothing, and the next process may want them; so they stay until a file of
// others needs their place, as it will where containers come and go, each with libraries of its own.
//
// A process is looked at when the session begins with it, and when it shows TLS on a connection that nothing reads yet. So
// where no TLS is spoken nothing is attached, and costs nothing.
// Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"
#include "agent/probes/mapped_files.h"
#include "agent/probes/probe_set.h"
#include "agent/probes/tls_functions.h"
#include "agent/probes/tls_probe.h"
#include "agent/stacks/executable_maps.h"

namespace footfall {

// libssl.so.3, _ssl.cpython-311-x86_64-linux-gnu.so, libgnutls.so.30, libnspr4.so
bool is_named_like_tls(std::string_view path);

// The mapped files of a process that may hold a TLS library: those named like one, and the program itself; or all.
std::vector<ExecutableMapping> tls_candidates(Pid pid, bool all);

class TlsWatch {
public:
    TlsWatch(const ff_probe_config& who, const SharedMapFds& shared) : who_(who), shared_(shared) {}

    // Attaches what the process has. all: looks into each file that it maps. True: something of it is attached.
    bool look(Pid pid, bool all);
    // Attaches what programs of this host usually load, for those that will execute: the first connection of one that ends
    // at once (curl) is over before it could be looked at. Once.
    void look_at_host();
    void on_exited(Pid pid);
    // No probe is left when it returns.
    void detach();

    // Is the plaintext of the process's TLS library seen?
    [[nodiscard]] bool reads(Pid pid) const { return readers_.contains(pid); }
    // What the sockets probe has to know.
    [[nodiscard]] ff_tls_probed probed() const { return probed_; }
    // Nothing where it was not loaded, since nobody needed it.
    [[nodiscard]] const TlsProbe* probe() const { return probe_ ? &*probe_ : nullptr; }

private:
    struct File {
        std::optional<unsigned> number;  // of its probes; none: it has nothing to attach to, or it was refused
        std::set<Pid> users;
        std::uint64_t left = 0;  // when the last of the users ended, in their order; 0: there never was one
    };

    File* examine(Pid pid, const ExecutableMapping& mapping);
    std::optional<unsigned> attach(const Fd& file, const std::string& path);
    bool load();
    void make_room();

    ff_probe_config who_;
    SharedMapFds shared_;
    std::optional<TlsProbe> probe_;
    bool refused_ = false;  // it can't be loaded here
    bool host_seen_ = false;
    ff_tls_probed probed_ = FF_TLS_PROBED;
    std::map<FileId, File> files_;
    std::set<Pid> readers_;
    std::uint64_t exits_ = 0;
};

}  // namespace footfall
