#include "symbolizer/unwind/function_bounds.h"

#include <sys/stat.h>

#include <utility>

namespace footfall {

std::unique_ptr<FunctionBounds> FunctionBounds::open(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
    std::unique_ptr<FunctionBounds> bounds(new FunctionBounds(fd, static_cast<std::uint64_t>(status.st_size)));
    return bounds->read() ? std::move(bounds) : nullptr;
}

bool FunctionBounds::read() {
    const auto sections = find_unwind_sections(file_);
    if (!sections || !sections->eh_frame) return false;
    entries_.emplace(file_, *sections->eh_frame);
    list_ = sound_header(file_, *sections);
    if (list_) return true;
    auto index = std::make_unique<IndexedFdeList>(sections->code.front().begin);
    if (!index->add(*entries_)) return false;
    index->sort();
    list_ = std::move(index);
    return true;
}

std::optional<AddressRange> FunctionBounds::find(std::uint64_t address) {
    file_.start_over();
    std::uint64_t low = 0;  // the first that begins above the address
    std::uint64_t high = list_->size();
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        const auto ref = list_->at(middle);
        if (!ref) return std::nullopt;
        if (ref->address > address)
            high = middle;
        else
            low = middle + 1;
    }
    const auto ref = low == 0 ? std::nullopt : list_->at(low - 1);
    const auto fde = ref ? entries_->fde_at(ref->offset) : std::nullopt;
    if (!fde || fde->begin != ref->address || address >= fde->end) return std::nullopt;
    return AddressRange{fde->begin, fde->end};
}

}  // namespace footfall
