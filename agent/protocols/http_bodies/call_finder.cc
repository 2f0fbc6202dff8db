#include "agent/protocols/http_bodies/call_finder.h"

#include <algorithm>

namespace footfall {
namespace {

constexpr std::size_t kKeptCapacity = 512;
constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

void CallFinder::read(std::string_view piece) {
    if (!looking_) return;
    if (body_.empty()) {
        const std::size_t first = piece.find_first_not_of(kSpace);
        if (first == std::string_view::npos) return;
        looking_ = piece[first] == '{' || piece[first] == '[';
        if (!looking_) return;
    }
    body_.append(piece.substr(0, std::min(piece.size(), kBodyLooked - body_.size())));
    looking_ = body_.size() < kBodyLooked;
}

void CallFinder::finish(std::string& out) {
    looking_ = false;
    if (!body_.empty() && may_name_call(body_)) append_body_call(body_, out);
    body_.clear();
}

void CallFinder::stop() {
    looking_ = false;
    body_.clear();
    if (body_.capacity() > kKeptCapacity) body_.shrink_to_fit();
}

}  // namespace footfall
