// The operations of several sessions, added up (merge_sessions.h).
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "output/session/snapshot.pb.h"

namespace footfall {

class MergedOperations {
public:
    void add(const Operation& operation);
    // By service, kind and name.
    void fill(Snapshot& out) const;

private:
    std::map<std::tuple<std::string, std::string, std::string, int>, Operation> operations_;
};

}  // namespace footfall
