#include "symbolizer/frame.h"

namespace footfall {

std::string_view text_of(Miss miss) {
    switch (miss) {
        case Miss::kNone:
            return "it has a name";
        case Miss::kNoSuchFile:
            return "its file is gone";
        case Miss::kRewritten:
            return "its file was written over since it ran";
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
        case Miss::kDebuginfodAbsent:
            return "debuginfod: no server has its debug file";
        case Miss::kDebuginfodSilent:
            return "debuginfod: the server did not answer";
        case Miss::kDebuginfodFailed:
            return "debuginfod: the server could not be reached, or broke off";
        case Miss::kDebuginfodTooLarge:
            return "debuginfod: its debug file is larger than we fetch";
        case Miss::kDebuginfodLate:
            return "debuginfod: no time was left to fetch its debug file (stacks.debuginfod_patience)";
        case Miss::kDebuginfodNoCache:
            return "debuginfod: its debug file could not be written (stacks.debuginfod_cache)";
        case Miss::kDebuginfodNoLibrary:
            return "debuginfod: the library is not installed (package libdebuginfod1)";
        case Miss::kDebuginfodNoHelper:
            return "debuginfod: the process that fetches its debug file could not be started, or ended";
        case Miss::kTooLarge:
            return "there is more to read than we allow";
        case Miss::kTimedOut:
            return "reading its file took too long";
        case Miss::kNamingLate:
            return "no time was left to look for its name (stacks.naming_patience)";
        case Miss::kCrashed:
            return "reading its file ended the symbolizer's worker";
        case Miss::kNoWorker:
            return "the symbolizer's worker could not be started";
        case Miss::kNoMap:
            return "it is JIT code, and its runtime writes no perf map and no jitdump";
        case Miss::kForeignMap:
            return "it is JIT code, and its perf map is not known to be of its user";
        case Miss::kTooManyModules:
            return "more files of code are in use than are kept";
        case Miss::kHiddenAddresses:
            return "the kernel hides its addresses (kernel.kptr_restrict)";
        case Miss::kFunctionGone:
            return "the function was gone when its name was read";
    }
    return "";
}

}  // namespace footfall
