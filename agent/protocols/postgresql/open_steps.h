// The messages of one client that wait for their answers, oldest first, and the uses that become of some of them. Each use
// that began is handed out or lost once, or withdrawn because the server never ran it: started = used + lost.
//
// While it is not sure that the answers belong to these messages, what ends is held back: until it is proved, or lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/protocols/pairing/ring_queue.h"
#include "agent/protocols/postgresql/statements.h"
#include "agent/protocols/protocol.h"

namespace footfall::postgresql {

enum class StepKind : std::uint8_t {
    kParse,
    kBind,
    kDescribe,
    kClose,
    kExecute,
    kStatement,  // one of a simple query
    kFunctionCall,
    kReady,  // what ReadyForQuery answers: Sync, and the end of a simple query or of a function call
};

struct Step {
    StepKind kind = StepKind::kReady;
    bool is_use = false;
    bool of_query = false;  // kReady: the end of a simple query, which may have held more statements than could be told
    ShortName name;
    Stamp began;
    MonotonicTime first_byte;
    std::uint64_t request_bytes = 0;
};

void recycle(Step& step);

class OpenSteps {
public:
    void restart(const ReaderContext& context);
    void set_role(Role role) { role_ = role; }

    [[nodiscard]] bool empty() const { return steps_.empty(); }
    [[nodiscard]] std::size_t size() const { return steps_.size(); }
    [[nodiscard]] bool full() const { return steps_.full(); }
    [[nodiscard]] Step& front() { return steps_.front(); }
    [[nodiscard]] Step& back() { return steps_.back(); }
    // Null if none of them is a use.
    [[nodiscard]] Step* oldest_use();
    // How many of them ReadyForQuery answers.
    [[nodiscard]] std::size_t ready_count() const { return ready_count_; }

    // is_use: a use begins with it.
    Step& push(StepKind kind, bool is_use, const Stamp& stamp);
    // The front leaves without having become a use.
    void pop();
    // The front was answered; it becomes a use if it is not one yet.
    void finish_front(Outcome outcome, std::string_view error_type, MonotonicTime end, std::uint64_t response_bytes);
    // A use that has no step of its own.
    void finish_extra(const Step& like, std::string_view operation, Outcome outcome, std::string_view error_type,
                      MonotonicTime end, std::uint64_t response_bytes);
    void lose_extra(LostReason reason);
    void lose_front(LostReason reason);

    // What ends from here on is held back …
    void hold_back() { holds_back_ = true; }
    [[nodiscard]] bool holds_back() const { return holds_back_; }
    [[nodiscard]] std::size_t held() const { return held_.size(); }
    // … until it is handed out, and what follows at once, …
    void prove();
    // … or lost. What follows is held back still.
    void lose_held(LostReason reason);

    // Takes all up to the next kReady off: they were never run.
    void withdraw_until_ready();
    // All of them; answers how many uses they were.
    std::size_t lose_all(LostReason reason);
    void close(CloseReason reason, MonotonicTime time);
    // As if nothing had begun.
    void forget();

    // Uses that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const { return started_; }

private:
    struct Ended {
        Outcome outcome{};
        std::string_view error_type;
        MonotonicTime end;
        std::uint64_t response_bytes = 0;
    };
    struct Held {
        Step step;  // with the name that is handed out
        Outcome outcome{};
        std::string error_type;
        MonotonicTime end;
        std::uint64_t response_bytes = 0;
    };

    void end(const Step& step, std::string_view operation, std::string_view collection, const Ended& ended);
    void hand_out(const Step& step, std::string_view operation, std::string_view collection, const Ended& ended);
    void leave();

    ReaderContext context_;
    Role role_ = Role::kServer;
    bool holds_back_ = false;
    RingQueue<Step, 16384> steps_;
    std::vector<Held> held_;
    std::size_t ready_count_ = 0;
    std::uint64_t started_ = 0;
};

}  // namespace footfall::postgresql
