#include "agent/protocols/prepared_names.h"

namespace footfall {

void PreparedNames::keep(std::string_view id, std::string_view operation, std::string_view collection) {
    if (id.empty() || id.size() > kIdLimit || names_.contains(id)) return;
    if (order_.size() == kLimit) {
        names_.erase(order_.front());
        order_.pop_front();
    }
    names_.insert({std::string(id), Name{std::string(operation), std::string(collection)}});
    order_.emplace_back(id);
}

const PreparedNames::Name* PreparedNames::find(std::string_view id) const {
    const auto found = names_.find(id);
    return found == names_.end() ? nullptr : &found->second;
}

}  // namespace footfall
