// The functions of several sessions, added up (merge_sessions.h).
//
// Sessions may have picked different functions of a file, so each function knows which of them counted it. Those that were
// only listed are left out where calls of others were counted: nothing is known of their use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

class MergedFunctions {
public:
    // Sessions are told apart by their number.
    void add(std::size_t session, const FunctionFile& file);
    // Files in the order that they were met, functions by address.
    void fill(Snapshot& out) const;

private:
    struct Function {
        FunctionUse use;
        std::vector<std::size_t> counted_in;  // places in File::parts, ascending
    };
    // Its address; USDT probes, of which several may be at one address, by their name as well.
    using Key = std::pair<std::uint64_t, std::string>;
    struct File {
        FunctionFile facts;            // without functions
        std::vector<Watched> parts;    // one for each file that was added, and counted anything
        std::size_t last_session = 0;  // that has a part
        std::map<Key, Function> functions;
    };

    File& file_of(const FunctionFile& file);
    static void add_facts(FunctionFile& into, const FunctionFile& from);
    static void add_part(File& into, std::size_t session, Watched watched);
    static void fill_file(FunctionFile& out, const File& file);

    std::vector<File> files_;
    std::map<std::string, std::size_t> by_build_id_;
};

}  // namespace footfall
