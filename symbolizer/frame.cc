#include "symbolizer/frame.h"

namespace footfall {

std::string_view text_of(Miss miss) {
    switch (miss) {
        case Miss::kNone:
            return "it has a name";
        case Miss::kNoSuchFile:
            return "its file is gone";
        case Miss::kNoPermission:
            return "its file may not be opened";
        case Miss::kNotElf:
            return "its file is not an ELF file of this machine";
        case Miss::kMalformed:
            return "the tables of its file contradict themselves";
        case Miss::kStripped:
            return "its file is stripped: it has no symbols";
        case Miss::kOutsideOfSymbols:
            return "no symbol covers it";
        case Miss::kDebugFileMismatch:
            return "the debug file belongs to another build";
        case Miss::kTooLarge:
            return "there is more to read than we allow";
        case Miss::kTimedOut:
            return "reading its file took too long";
        case Miss::kCrashed:
            return "reading its file ended the symbolizer's worker";
        case Miss::kNoWorker:
            return "the symbolizer's worker could not be started";
        case Miss::kNoMap:
            return "it is JIT code, and its runtime writes no perf map";
        case Miss::kHiddenAddresses:
            return "the kernel hides its addresses (kernel.kptr_restrict)";
    }
    return "";
}

}  // namespace footfall
