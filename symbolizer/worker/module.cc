#include "symbolizer/worker/module.h"

#include <utility>

#include "symbolizer/elf/description.h"
#include "symbolizer/elf/elf_file.h"
#include "symbolizer/names/demangle.h"

namespace footfall {
namespace {

constexpr std::size_t kMaxReadableBytes = std::size_t{4} << 20;
constexpr std::size_t kReadableNode = 96;

// Whether two files were made from one link; those without build-ids have to be believed.
bool same_build(int file, int debug_file) {
    const auto description = describe_elf(file);
    const auto debug = describe_elf(debug_file);
    if (!description || !debug) return false;
    return description->build_id.empty() || debug->build_id.empty() || description->build_id == debug->build_id;
}

}  // namespace

Module::Module(ModuleFds files, const ModuleLimits& limits) : files_(std::move(files)), limits_(limits) {
    const bool mismatch = files_.debug.valid() && !same_build(files_.elf.get(), files_.debug.get());
    if (mismatch) files_.debug.reset();
    read_symbols();
    if (mismatch) symbols_miss_ = Miss::kDebugFileMismatch;
}

void Module::read_symbols() {
    const auto elf = ElfFile::open(files_.elf.get());
    if (!elf) {
        symbols_miss_ = elf.error();
        return;
    }
    if (auto go = GoFunctions::open(files_.elf.get())) go_functions_ = std::move(*go);
    // What the separate debug file has is complete; .dynsym has only what other modules may call.
    const bool complete = elf->section_of_type(SHT_SYMTAB) != nullptr;
    if (!complete && files_.debug.valid()) {
        const auto debug = ElfFile::open(files_.debug.get());
        auto symbols = debug ? SymbolTable::read(*debug, limits_.symbol_bytes) : tl::unexpected(debug.error());
        if (symbols) symbols_ = std::move(*symbols);
    }
    if (symbols_) return;
    auto symbols = SymbolTable::read(*elf, limits_.symbol_bytes);
    if (symbols) {
        symbols_ = std::move(*symbols);
    } else {
        symbols_miss_ = symbols.error();
    }
}

void Module::read_debug_info() {
    if (debug_info_tried_) return;
    debug_info_tried_ = true;
    const int alt = files_.alt.valid() ? files_.alt.get() : -1;
    auto info = DebugInfo::open(files_.elf.get(), alt, limits_.debug_bytes);
    if (!info && files_.debug.valid()) info = DebugInfo::open(files_.debug.get(), alt, limits_.debug_bytes);
    if (info) debug_info_ = std::move(*info);
}

tl::expected<Module::Name, Miss> Module::name_of(std::uint64_t address) const {
    if (symbols_) {
        if (const auto symbol = symbols_->find(address)) return Name{symbol->name, symbol->start};
    }
    if (go_functions_) {
        if (const auto function = go_functions_->find(address)) return Name{function->name, function->start};
    }
    const bool has_names = symbols_ || go_functions_;
    return tl::unexpected(has_names && symbols_miss_ != Miss::kDebugFileMismatch ? Miss::kOutsideOfSymbols : symbols_miss_);
}

// What was found out of a function without a name: at least which addresses are the same one.
std::uint64_t Module::offset_in_nameless(std::uint64_t address) {
    if (!std::exchange(bounds_tried_, true)) bounds_ = FunctionBounds::open(files_.elf.get());
    const auto function = bounds_ ? bounds_->find(address) : std::nullopt;
    return function ? address - function->begin : 0;
}

SymbolizedAddress Module::symbolize(std::uint64_t address, Detail detail) {
    SymbolizedAddress result;
    frames_.clear();
    if (detail == Detail::kLines) {
        read_debug_info();
        if (debug_info_) debug_info_->find(address, frames_);
    }
    const auto symbol = name_of(address);
    if (symbol) {
        result.offset_in_function = address - symbol->start;
        if (frames_.empty()) frames_.emplace_back();
        // The symbol also says which clone of the function this is.
        frames_.back().function = symbol->mangled;
    }
    // The line table goes on over the padding behind a function, which is nobody's.
    if (!symbol && !frames_.empty() && frames_.back().function.empty()) frames_.clear();
    if (frames_.empty()) {
        result.miss = symbol.error();
        result.offset_in_function = offset_in_nameless(address);
    }
    if (detail == Detail::kLines && go_functions_ && frames_.size() == 1 && frames_[0].line == 0) {
        if (const auto place = go_functions_->line_of(address)) {
            frames_[0].file = place->file;
            frames_[0].line = place->line;
        }
    }
    result.lines.reserve(frames_.size());
    for (const DebugFrame& frame : frames_)
        result.lines.push_back({readable(frame.function), std::string(frame.file), frame.line});
    return result;
}

std::string_view Module::source_of(std::uint64_t address) {
    frames_.clear();
    read_debug_info();
    if (debug_info_) debug_info_->find(address, frames_);
    if (!frames_.empty()) return frames_.back().file;
    const auto place = go_functions_ ? go_functions_->line_of(address) : std::nullopt;
    return place ? place->file : std::string_view();
}

const std::string& Module::readable(std::string_view mangled) {
    const auto known = readable_.find(mangled);
    if (known != readable_.end()) return known->second;
    if (readable_bytes_ > kMaxReadableBytes) {
        readable_.clear();
        readable_bytes_ = 0;
    }
    // The key is a view into the symbol table or the debug information, which live as long as this.
    const auto made = readable_.emplace(mangled, demangled(mangled)).first;
    readable_bytes_ += kReadableNode + made->second.size();
    return made->second;
}

std::size_t Module::bytes() const {
    return sizeof *this + readable_bytes_ + (symbols_ ? symbols_->bytes() : 0) + (debug_info_ ? debug_info_->bytes() : 0) +
           (bounds_ ? bounds_->bytes() : 0);
}

}  // namespace footfall
