// What is there in place of what was looked for, in words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/ids.h"
#include "agent/base/result.h"

namespace footfall {

struct Candidate {
    std::string name;
    Pid pid{};  // 0: it is no process
};

// ExitCode::kNoTarget with "absence; heading: nginx (812), node (901), and 3 more", the names most like the word first, and
// "did you mean 'nginx'?" as the fix if one is close.
Error candidates_error(const std::string& absence, std::string_view heading, std::string_view word,
                       const std::vector<Candidate>& candidates);

}  // namespace footfall
