// The line on stderr that is rewritten while a session runs: elapsed, uses, lost, overhead. Only on a terminal.
#pragma once

#include "agent/session/live_session.h"

namespace footfall {

class ProgressLine {
public:
    explicit ProgressLine(bool wanted);
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // Rewrites the line, at most twice a second.
    void show(const LiveSession& session);
    void clear();

private:
    bool enabled_;
    bool shown_ = false;
    MonotonicTime last_;
};

}  // namespace footfall
