#include "symbolizer/worker/answers.h"

#include <utility>

namespace footfall {
namespace {

constexpr auto kLastMiss = Miss::kFunctionGone;
constexpr auto kLastSiteClass = SiteClass::kStepped;
constexpr auto kLastNoSite = NoSite::kGoStack;
constexpr auto kLastTiming = Timing::kByExits;
constexpr auto kLastGoroutine = Goroutine::kThread;
constexpr auto kLastNotTimed = NotTimed::kNoProbe;
constexpr std::uint32_t kNoArgument = static_cast<std::uint32_t>(ArgumentIn::kMemory) + 1;

}  // namespace

symbolizer::Answer answer_of(Miss miss) {
    symbolizer::Answer answer;
    answer.set_miss(static_cast<std::uint32_t>(miss));
    return answer;
}

symbolizer::Answer answer_of(const FileDescription& description) {
    symbolizer::Answer answer;
    symbolizer::Description& message = *answer.mutable_description();
    message.set_build_id(description.build_id);
    for (const CodeSegment& segment : description.code) {
        message.add_code(segment.address);
        message.add_code(segment.file_offset);
        message.add_code(segment.size);
    }
    message.set_debug_link(description.debug_link);
    message.set_debug_link_crc(description.debug_link_crc);
    message.set_alt_link(description.alt_link);
    message.set_alt_build_id(description.alt_build_id);
    message.set_has_symbols(description.has_symbols);
    message.set_has_dwarf(description.has_dwarf);
    for (const RuntimeSymbol& symbol : description.runtime.symbols) {
        symbolizer::RuntimeSymbolEntry& entry = *message.add_runtime();
        entry.set_name(symbol.name);
        entry.set_address(symbol.address);
        entry.set_size(symbol.size);
    }
    for (const ScriptCode& code : description.runtime.script_code) {
        message.add_script_code(code.begin);
        message.add_script_code(code.end);
    }
    return answer;
}

namespace {

void add_argument(symbolizer::ListedProbe& probe, const std::optional<UsdtArgument>& argument) {
    symbolizer::ListedArgument& listed = *probe.add_arguments();
    listed.set_in(argument ? static_cast<std::uint32_t>(argument->in) : kNoArgument);
    if (!argument) return;
    listed.set_bytes(argument->bytes);
    listed.set_base(argument->base);
    listed.set_index(argument->index);
    listed.set_shift(argument->shift);
    listed.set_offset(argument->offset);
}

void add_probe(symbolizer::FunctionList& list, const UsdtProbe& probe) {
    symbolizer::ListedProbe& listed = *list.add_probes();
    listed.set_name(probe.name);
    listed.set_address(probe.address);
    listed.set_site_class(static_cast<std::uint32_t>(probe.site.site_class));
    listed.set_instruction(probe.site.instruction);
    listed.set_no_site(static_cast<std::uint32_t>(probe.no_site));
    for (const UsdtSite& site : probe.sites) {
        listed.add_sites(site.file_offset);
        listed.add_semaphores(site.semaphore_offset);
        add_argument(listed, site.argument);
    }
}

void add_function(symbolizer::FunctionList& list, const CodeFunction& function) {
    symbolizer::ListedFunction& listed = *list.add_functions();
    listed.set_name(function.name);
    for (const std::string& alias : function.aliases) listed.add_aliases(alias);
    listed.set_address(function.address);
    listed.set_size(function.size);
    listed.set_file_offset(function.file_offset);
    listed.set_site(function.site.offset);
    listed.set_site_class(static_cast<std::uint32_t>(function.site.site_class));
    listed.set_instruction(function.site.instruction);
    listed.set_pushed(function.site.pushed);
    listed.set_no_site(static_cast<std::uint32_t>(function.no_site));
    listed.set_goroutine(static_cast<std::uint32_t>(function.goroutine));
    listed.set_not_timed(static_cast<std::uint32_t>(function.not_timed));
    for (const FunctionExit& exit : function.exits) {
        symbolizer::ListedExit& out = *listed.add_exits();
        out.set_file_offset(exit.file_offset);
        out.set_site_class(static_cast<std::uint32_t>(exit.site_class));
        out.set_from_frame_pointer(exit.place.from_frame_pointer);
        out.set_place(exit.place.offset);
        out.set_condition(exit.condition);
    }
}

bool read_function(const symbolizer::ListedFunction& listed, CodeFunction& into) {
    if (listed.site_class() > static_cast<std::uint32_t>(kLastSiteClass) ||
        listed.no_site() > static_cast<std::uint32_t>(kLastNoSite) ||
        listed.goroutine() > static_cast<std::uint32_t>(kLastGoroutine) ||
        listed.not_timed() > static_cast<std::uint32_t>(kLastNotTimed))
        return false;
    into.name = listed.name();
    into.aliases.assign(listed.aliases().begin(), listed.aliases().end());
    into.address = listed.address();
    into.size = listed.size();
    into.file_offset = listed.file_offset();
    into.site = {listed.site(), static_cast<SiteClass>(listed.site_class()), listed.instruction(), listed.pushed()};
    into.no_site = static_cast<NoSite>(listed.no_site());
    into.goroutine = static_cast<Goroutine>(listed.goroutine());
    into.not_timed = static_cast<NotTimed>(listed.not_timed());
    for (const symbolizer::ListedExit& exit : listed.exits()) {
        if (exit.site_class() > static_cast<std::uint32_t>(kLastSiteClass) || exit.condition() > kAlways) return false;
        into.exits.push_back({exit.file_offset(),
                              static_cast<SiteClass>(exit.site_class()),
                              {exit.from_frame_pointer(), exit.place()},
                              static_cast<std::uint8_t>(exit.condition())});
    }
    return true;
}

bool is_register(std::uint32_t number) {
    return number <= UsdtArgument::kInstruction || number == UsdtArgument::kNoRegister;
}

// A register has to be one: the kernel side looks at nothing else.
bool read_argument(const symbolizer::ListedArgument& listed, std::optional<UsdtArgument>& into) {
    if (listed.in() == kNoArgument) return true;
    const std::int32_t bytes = listed.bytes();
    const bool is_size = bytes != 0 && bytes >= -8 && bytes <= 8;
    if (listed.in() > kNoArgument || !is_size || !is_register(listed.base()) || !is_register(listed.index()) ||
        listed.shift() > 3)
        return false;
    into = UsdtArgument{static_cast<ArgumentIn>(listed.in()),      static_cast<std::int8_t>(bytes),
                        static_cast<std::uint8_t>(listed.base()),  static_cast<std::uint8_t>(listed.index()),
                        static_cast<std::uint8_t>(listed.shift()), listed.offset()};
    return true;
}

bool read_probe(const symbolizer::ListedProbe& listed, UsdtProbe& into) {
    if (listed.site_class() > static_cast<std::uint32_t>(kLastSiteClass) ||
        listed.no_site() > static_cast<std::uint32_t>(kLastNoSite) || listed.sites_size() != listed.semaphores_size() ||
        listed.sites_size() != listed.arguments_size())
        return false;
    into.name = listed.name();
    into.address = listed.address();
    into.site = {0, static_cast<SiteClass>(listed.site_class()), listed.instruction(), 0};
    into.no_site = static_cast<NoSite>(listed.no_site());
    for (int i = 0; i < listed.sites_size(); ++i) {
        into.sites.push_back({listed.sites(i), listed.semaphores(i)});
        if (!read_argument(listed.arguments(i), into.sites.back().argument)) return false;
    }
    return true;
}

}  // namespace

symbolizer::Answer answer_of(const FunctionAnswer& functions) {
    symbolizer::Answer answer;
    symbolizer::FunctionList& list = *answer.mutable_functions();
    list.set_known(functions.known);
    list.set_matched(functions.matched);
    list.set_timing(static_cast<std::uint32_t>(functions.timing));
    list.set_no_functions(static_cast<std::uint32_t>(functions.no_functions));
    for (const std::string& name : functions.nearest) list.add_nearest(name);
    for (const CodeFunction& function : functions.functions) add_function(list, function);
    list.set_known_probes(functions.known_probes);
    list.set_matched_probes(functions.matched_probes);
    list.set_unread_notes(functions.unread_notes);
    list.set_no_sources(functions.no_sources);
    for (const UsdtProbe& probe : functions.probes) add_probe(list, probe);
    return answer;
}

bool read_functions(const symbolizer::FunctionList& list, FunctionAnswer& into) {
    into.known = list.known();
    into.matched = list.matched();
    if (list.timing() > static_cast<std::uint32_t>(kLastTiming)) return false;
    into.timing = static_cast<Timing>(list.timing());
    into.nearest.assign(list.nearest().begin(), list.nearest().end());
    for (const symbolizer::ListedFunction& listed : list.functions()) {
        if (!read_function(listed, into.functions.emplace_back())) return false;
    }
    into.known_probes = list.known_probes();
    into.matched_probes = list.matched_probes();
    into.unread_notes = list.unread_notes();
    into.no_sources = list.no_sources();
    for (const symbolizer::ListedProbe& listed : list.probes()) {
        if (!read_probe(listed, into.probes.emplace_back())) return false;
    }
    return read_miss(list.no_functions(), into.no_functions);
}

FileDescription read_description(const symbolizer::Description& message) {
    FileDescription description;
    description.build_id = message.build_id();
    for (int i = 0; i + 2 < message.code_size(); i += 3)
        description.code.push_back({message.code(i), message.code(i + 1), message.code(i + 2)});
    description.debug_link = message.debug_link();
    description.debug_link_crc = message.debug_link_crc();
    description.alt_link = message.alt_link();
    description.alt_build_id = message.alt_build_id();
    description.has_symbols = message.has_symbols();
    description.has_dwarf = message.has_dwarf();
    for (const symbolizer::RuntimeSymbolEntry& entry : message.runtime())
        description.runtime.symbols.push_back({entry.name(), entry.address(), entry.size()});
    for (int i = 0; i + 1 < message.script_code_size(); i += 2)
        description.runtime.script_code.push_back({message.script_code(i), message.script_code(i + 1)});
    return description;
}

bool read_miss(std::uint32_t number, Miss& miss) {
    if (number > static_cast<std::uint32_t>(kLastMiss)) return false;
    miss = static_cast<Miss>(number);
    return true;
}

NamesWriter::NamesWriter(std::size_t addresses) : addresses_(addresses) {
    names_.add_strings();
    indexes_.emplace(std::string(), 0);
}

std::uint32_t NamesWriter::index_of(const std::string& text) {
    const auto [known, is_new] = indexes_.try_emplace(text, static_cast<std::uint32_t>(names_.strings_size()));
    if (is_new) names_.add_strings(text);
    return known->second;
}

void NamesWriter::set(std::size_t index, const SymbolizedAddress& address) {
    addresses_[index] = {address.miss, address.offset_in_function, static_cast<std::uint32_t>(lines_.size()),
                         static_cast<std::uint32_t>(address.lines.size())};
    for (const Line& line : address.lines) lines_.push_back({index_of(line.function), index_of(line.file), line.line});
}

symbolizer::Answer NamesWriter::finish() {
    for (const PackedAddress& address : addresses_) {
        names_.add_misses(static_cast<std::uint32_t>(address.miss));
        names_.add_offsets(address.offset);
        names_.add_line_counts(address.lines);
        for (std::uint32_t i = address.first_line; i < address.first_line + address.lines; ++i) {
            names_.add_functions(lines_[i].function);
            names_.add_files(lines_[i].file);
            names_.add_lines(lines_[i].line);
        }
    }
    symbolizer::Answer answer;
    *answer.mutable_names() = std::move(names_);
    return answer;
}

bool read_names(const symbolizer::Names& names, std::span<SymbolizedAddress> into) {
    const auto addresses = static_cast<int>(into.size());
    if (names.misses_size() != addresses || names.offsets_size() != addresses || names.line_counts_size() != addresses ||
        names.functions_size() != names.lines_size() || names.files_size() != names.lines_size())
        return false;
    const auto strings = static_cast<std::uint32_t>(names.strings_size());
    int at = 0;
    for (int i = 0; i < addresses; ++i) {
        SymbolizedAddress& address = into[static_cast<std::size_t>(i)];
        if (!read_miss(names.misses(i), address.miss)) return false;
        address.offset_in_function = names.offsets(i);
        if (names.line_counts(i) > static_cast<std::uint32_t>(names.lines_size() - at)) return false;
        for (const int end = at + static_cast<int>(names.line_counts(i)); at < end; ++at) {
            if (names.functions(at) >= strings || names.files(at) >= strings) return false;
            address.lines.push_back({names.strings(static_cast<int>(names.functions(at))),
                                     names.strings(static_cast<int>(names.files(at))), names.lines(at)});
        }
    }
    return true;
}

}  // namespace footfall
