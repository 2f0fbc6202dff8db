// Looks for what a request's body calls (body_call.h) while the body passes in pieces. Keeps the first of its bytes only
// where they begin like one that names a call, and no more than kBodyLooked.
#pragma once

#include <string>
#include <string_view>

#include "agent/protocols/http_bodies/body_call.h"

namespace footfall {

class CallFinder {
public:
    // A body begins. chunked: with the line that says how long its first chunk is.
    void start(bool chunked) {
        looking_ = true;
        in_chunk_line_ = chunked;
        body_.clear();
    }
    [[nodiscard]] bool looking() const { return looking_; }
    void read(std::string_view piece);
    // Bytes of the body passed unseen: what comes behind them does not go on with what came before. Enough may have come.
    void lose() {
        if (looking_) stop();
    }
    // The body has ended: appends what it calls, if that was found.
    void finish(std::string& out);
    // Forgets the body, and gives back a large buffer.
    void stop();

private:
    bool looking_ = false;
    bool in_chunk_line_ = false;
    std::string body_;
};

}  // namespace footfall
