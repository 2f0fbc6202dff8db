#include "symbolizer/functions/function_exits.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "symbolizer/functions/function_body.h"
#include "symbolizer/functions/indirect_jumps.h"

namespace footfall {
namespace {

constexpr std::size_t kMostBeforeReturn = 32;       // instructions from a jump to the return
constexpr std::size_t kMostJumpsToReturn = 8;       // one by one they must stay cheaper than the return
constexpr std::size_t kMostStepsForLoops = 20'000;  // each jump is followed through the function

// A jump, and whether it leads on to the return by being taken.
struct Edge {
    std::size_t step = 0;
    bool taken = false;
};

class ExitFinder {
public:
    ExitFinder(const ExitQuery& query, const FunctionBody& body) : query_(query), body_(body), steps_(body.steps()) {}

    tl::expected<std::vector<ExitSite>, NotTimed> find() {
        if (const NotTimed miss = find_jumps_out(); miss != NotTimed::kNone) return tl::unexpected(miss);
        note_jumps_inside();
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            if (steps_[i].flow != Flow::kReturn) continue;
            if (!add_jumps_to_return(i)) add(i, kAlways, ReturnPlace{});
        }
        return merged();
    }

private:
    // Is the call over once the jump is taken?
    [[nodiscard]] bool leads_out(const Step& step) const {
        return !body_.contains(step.target) || (step.target == query_.code.address && !query_.is_go);
    }

    NotTimed find_jumps_out() {
        std::optional<IndirectJumps> indirect;
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            const Step& step = steps_[i];
            const bool jumps = step.flow == Flow::kJump || step.flow == Flow::kBranch;
            if (jumps && leads_out(step)) {
                if (step.flow == Flow::kBranch && step.condition == kAlways) return NotTimed::kUnknownJump;
                add(i, step.condition, ReturnPlace{});
            }
            if (step.flow != Flow::kIndirect) continue;
            if (!query_.is_go && !indirect) indirect.emplace(body_, query_.code.address);
            switch (query_.is_go ? IndirectJumps::Kind::kInside : indirect->kind_of(i)) {
                case IndirectJumps::Kind::kTailCall:
                    add(i, kAlways, ReturnPlace{});
                    break;
                case IndirectJumps::Kind::kInside:
                    has_tables_ = true;
                    break;
                case IndirectJumps::Kind::kUnknown:
                    return NotTimed::kIndirectJump;
            }
        }
        return NotTimed::kNone;
    }

    void note_jumps_inside() {
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            const bool jumps = steps_[i].flow == Flow::kJump || steps_[i].flow == Flow::kBranch;
            if (!jumps || leads_out(steps_[i])) continue;
            if (const auto target = body_.step_at(steps_[i].target)) jumps_to_.emplace_back(*target, i);
        }
        std::sort(jumps_to_.begin(), jumps_to_.end());
    }

    // False where the return itself is the place, or the better one.
    bool add_jumps_to_return(std::size_t ret) {
        const auto edges = edges_to(ret);
        if (!edges || edges->empty() || edges->size() > kMostJumpsToReturn) return false;
        std::vector<ExitSite> sites;
        for (const Edge& edge : *edges) {
            const Step& jump = steps_[edge.step];
            const bool always = jump.flow == Flow::kJump;
            const auto place = place_before_return(edge, ret);
            if (!place || !jump.emulated || !jump.takes_probe || (!always && jump.condition == kAlways)) return false;
            if (!always && is_in_loop(edge.step)) return false;
            const std::uint8_t condition = always ? kAlways : edge.taken ? jump.condition : jump.condition ^ 1U;
            sites.push_back({jump.address, SiteClass::kBranch, *place, condition});
        }
        sites_.insert(sites_.end(), sites.begin(), sites.end());
        return true;
    }

    // All jumps that lead straight to the return; nothing where something else does, too.
    [[nodiscard]] std::optional<std::vector<Edge>> edges_to(std::size_t ret) const {
        if (has_tables_ || steps_.size() > kMostStepsForLoops) return std::nullopt;
        std::vector<Edge> edges;
        for (std::size_t step = ret, passed = 0;; --step) {
            if (++passed > kMostBeforeReturn) return std::nullopt;
            for (auto jump = std::lower_bound(jumps_to_.begin(), jumps_to_.end(), std::pair(step, std::size_t{0}));
                 jump != jumps_to_.end() && jump->first == step; ++jump) {
                edges.push_back({jump->second, true});
            }
            if (steps_[step].address == query_.code.address || step == 0) return std::nullopt;  // it begins there
            const Step& before = steps_[step - 1];
            if (!before.falls_through() || before.end() != steps_[step].address) return edges;
            if (before.is_call) return std::nullopt;
            if (before.flow != Flow::kBranch) continue;
            edges.push_back({step - 1, false});
            return edges;
        }
    }

    // As it is found from the registers at the jump.
    [[nodiscard]] std::optional<ReturnPlace> place_before_return(const Edge& edge, std::size_t ret) const {
        ReturnPlace place;
        bool frame_kept = true;
        std::size_t step = edge.taken ? body_.step_at(steps_[edge.step].target).value_or(ret) : edge.step + 1;
        for (; step < ret; ++step) {
            const Instruction decoded = body_.instruction(steps_[step]);
            const bool from_frame = decoded.instruction.mnemonic == ZYDIS_MNEMONIC_LEAVE || sets_stack_by_frame(decoded);
            if (from_frame) {
                if (!frame_kept) return std::nullopt;
                place = {true, offset_from_frame(decoded)};
            } else {
                const auto moved = stack_moved_by(decoded);
                if (!moved) return std::nullopt;
                place.offset += static_cast<std::int32_t>(*moved);
            }
            frame_kept = frame_kept && !writes(decoded, ZYDIS_REGISTER_RBP);
        }
        return place;
    }

    static bool sets_stack_by_frame(const Instruction& decoded) {
        const ZydisDecodedOperand& to = decoded.operands[0];
        const ZydisDecodedOperand& from = decoded.operands[1];
        if (to.type != ZYDIS_OPERAND_TYPE_REGISTER || to.reg.value != ZYDIS_REGISTER_RSP) return false;
        if (decoded.instruction.mnemonic == ZYDIS_MNEMONIC_MOV)
            return from.type == ZYDIS_OPERAND_TYPE_REGISTER && from.reg.value == ZYDIS_REGISTER_RBP;
        return decoded.instruction.mnemonic == ZYDIS_MNEMONIC_LEA && from.mem.base == ZYDIS_REGISTER_RBP &&
               from.mem.index == ZYDIS_REGISTER_NONE;
    }

    static std::int32_t offset_from_frame(const Instruction& decoded) {
        if (decoded.instruction.mnemonic == ZYDIS_MNEMONIC_LEAVE) return 8;  // which pops the frame pointer, too
        if (decoded.instruction.mnemonic == ZYDIS_MNEMONIC_MOV) return 0;
        return static_cast<std::int32_t>(decoded.operands[1].mem.disp.value);
    }

    [[nodiscard]] bool is_in_loop(std::size_t jump) const {
        std::vector<bool> seen(steps_.size());
        std::vector<std::size_t> open{jump};
        while (!open.empty()) {
            const std::size_t at = open.back();
            open.pop_back();
            const bool jumps = steps_[at].flow == Flow::kJump || steps_[at].flow == Flow::kBranch;
            const bool inside = jumps && !leads_out(steps_[at]);
            for (const auto& next : {inside ? body_.step_at(steps_[at].target) : std::nullopt, body_.next_of(at)}) {
                if (!next) continue;
                if (*next == jump) return true;
                if (!seen[*next]) open.push_back(*next);
                seen[*next] = true;
            }
        }
        return false;
    }

    void add(std::size_t step, std::uint8_t condition, const ReturnPlace& place) {
        takes_probes_ = takes_probes_ && steps_[step].takes_probe;
        sites_.push_back(
            {steps_[step].address, steps_[step].emulated ? SiteClass::kBranch : SiteClass::kStepped, place, condition});
    }

    // A jump that leads to a return either way is one place.
    tl::expected<std::vector<ExitSite>, NotTimed> merged() {
        if (sites_.empty()) return tl::unexpected(NotTimed::kNeverReturns);
        if (!takes_probes_) return tl::unexpected(NotTimed::kNoProbe);
        std::sort(sites_.begin(), sites_.end(), [](const ExitSite& a, const ExitSite& b) { return a.address < b.address; });
        std::vector<ExitSite> sites;
        for (const ExitSite& site : sites_) {
            if (sites.empty() || sites.back().address != site.address) {
                sites.push_back(site);
            } else if (sites.back().condition != site.condition) {
                sites.back().condition = kAlways;
            }
        }
        return sites;
    }

    const ExitQuery& query_;
    const FunctionBody& body_;
    const std::vector<Step>& steps_;
    std::vector<std::pair<std::size_t, std::size_t>> jumps_to_;  // target, jump
    std::vector<ExitSite> sites_;
    bool has_tables_ = false;
    bool takes_probes_ = true;
};

}  // namespace

std::string_view text_of(NotTimed reason) {
    switch (reason) {
        case NotTimed::kNone:
            return "";
        case NotTimed::kUnreadable:
            return "some of its code is no instruction";
        case NotTimed::kTooLarge:
            return "it has more code than is looked at";
        case NotTimed::kRunsOn:
            return "it runs on into other code";
        case NotTimed::kUnknownJump:
            return "it jumps to code that is not known to be a function";
        case NotTimed::kIndirectJump:
            return "it jumps to a computed place, which may be in it or not";
        case NotTimed::kNeverReturns:
            return "nothing returns from it";
        case NotTimed::kNoProbe:
            return "it is left where the kernel takes no probe";
    }
    __builtin_unreachable();
}

tl::expected<std::vector<ExitSite>, NotTimed> find_exits(const ExitQuery& query) {
    const auto body = FunctionBody::read(query);
    if (!body) return tl::unexpected(body.error());
    return ExitFinder(query, *body).find();
}

}  // namespace footfall
