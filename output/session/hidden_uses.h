// Uses of which it is known that they happened, and not under which name: those past --operations.limit, counted as `other`,
// and those of what began before footfall came (statements prepared earlier, the streams of a gRPC connection).
// Whatever has no use of its own may be among them, so it is not known to be unused.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "output/session/snapshot.pb.h"

namespace footfall {

constexpr std::string_view kFoldedOperation = "other";

// Statements of these are named by their table.
[[nodiscard]] bool is_sql(std::string_view kind);

class HiddenUses {
public:
    explicit HiddenUses(const Snapshot& snapshot);

    // The operation among whose uses those of this kind may be: "http other"; empty where there is none. kind empty: any.
    [[nodiscard]] std::string_view of_kind(std::string_view kind) const;
    [[nodiscard]] std::string_view of_sql() const;
    // Those past the limit, of all kinds.
    [[nodiscard]] std::uint64_t folded() const { return folded_; }

private:
    std::map<std::string, std::string, std::less<>> by_kind_;
    std::uint64_t folded_ = 0;
};

}  // namespace footfall
