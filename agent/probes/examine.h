// What works on this kernel, found by trying: the half of `footfall doctor` that needs BPF.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"

namespace footfall {

// One line of `footfall doctor`.
struct Finding {
    enum class Verdict { kOk, kWarning, kFailure };
    Verdict verdict = Verdict::kOk;
    std::string name;                             // "capabilities"
    std::string detail;                           // what was found
    std::string fix;                              // empty when all is well
    ExitCode exit_code = ExitCode::kUnavailable;  // of a failure
};

// Tries each thing that the probes need, the probes themselves last.
std::vector<Finding> examine_kernel();

}  // namespace footfall
