// Looks for what a request's body calls (body_call.h) while the body passes in pieces. Keeps the first of its bytes only
// where they begin like one that names a call, and no more than kBodyLooked.
#pragma once

#include <string>
#include <string_view>

#include "agent/protocols/http_bodies/body_call.h"
#include "agent/protocols/http_bodies/body_reader.h"

namespace footfall {

class CallFinder final : public BodyReader {
public:
    // A body begins.
    void start() {
        looking_ = true;
        body_.clear();
    }
    [[nodiscard]] bool looking() const { return looking_; }
    void read(std::string_view piece) override;
    void lose() override {  // enough may have come
        if (looking_) stop();
    }
    // The body has ended: appends what it calls, if that was found.
    void finish(std::string& out);
    // Forgets the body, and gives back a large buffer.
    void stop();

private:
    bool looking_ = false;
    std::string body_;
};

}  // namespace footfall
