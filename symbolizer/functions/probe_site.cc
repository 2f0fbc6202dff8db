#include "symbolizer/functions/probe_site.h"

#include "symbolizer/elf/instruction.h"

namespace footfall {
namespace {

SiteClass class_of(const EntrySite& site) {
    if (!site.emulated) return SiteClass::kStepped;
    if (site.instruction == "nop") return SiteClass::kNop;
    return site.instruction == "push" ? SiteClass::kPush : SiteClass::kBranch;
}

SiteNeed need_of(Timing timing) {
    switch (timing) {
        case Timing::kNone:
            return SiteNeed::kArguments;
        case Timing::kByReturn:
            return SiteNeed::kArgumentsAndReturn;
        case Timing::kByExits:
            return SiteNeed::kArgumentsAndStack;
    }
    __builtin_unreachable();
}

}  // namespace

std::optional<ProbeSite> counting_site(std::span<const std::uint8_t> code, Timing timing, SiteArguments arguments) {
    const auto site = cheapest_entry_site(code, need_of(timing), arguments);
    if (!site) return std::nullopt;
    return ProbeSite{site->offset, class_of(*site), site->instruction, site->pushed};
}

bool is_code(std::span<const std::uint8_t> code) { return InstructionDecoder().decode_plain(code).has_value(); }

std::optional<ProbeSite> marker_site(std::span<const std::uint8_t> code) {
    const auto site = nop_site(code);
    if (!site) return std::nullopt;
    return ProbeSite{site->offset, class_of(*site), site->instruction, 0};
}

std::string_view text_of(SiteClass site_class) {
    switch (site_class) {
        case SiteClass::kNop:
            return "nop";
        case SiteClass::kPush:
            return "push";
        case SiteClass::kBranch:
            return "branch";
        case SiteClass::kStepped:
            return "single-stepped";
    }
    __builtin_unreachable();
}

std::string_view text_of(NoSite reason) {
    switch (reason) {
        case NoSite::kNone:
            return "";
        case NoSite::kIndirect:
            return "chooses a function (ifunc), and is none";
        case NoSite::kPart:
            return "a part of a function, that nobody calls";
        case NoSite::kUnreadable:
            return "its first bytes are no instruction";
        case NoSite::kNoSymbolCode:
            return "its bytes are not in the file";
        case NoSite::kNoMarker:
            return "its note tells of a place that is no nop of the file's code";
        case NoSite::kBadSemaphore:
            return "its note tells of a semaphore that is no counter of the file's data";
        case NoSite::kRefused:
            return "the kernel takes no probe of the instructions that it begins with";
        case NoSite::kGoStack:
            return "its arguments are on the stack, as Go had them before 1.17";
    }
    __builtin_unreachable();
}

// Medians of an empty program's added cost, and of a per-CPU counter.
unsigned expected_nanoseconds(SiteClass site_class) {
    constexpr unsigned kEmulatedNop = 870;
    constexpr unsigned kEmulated = 990;
    constexpr unsigned kStepped = 13'200;
    switch (site_class) {
        case SiteClass::kNop:
            return kEmulatedNop;
        case SiteClass::kPush:
        case SiteClass::kBranch:
            return kEmulated;
        case SiteClass::kStepped:
            return kStepped;
    }
    __builtin_unreachable();
}

}  // namespace footfall
