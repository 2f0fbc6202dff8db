#include "symbolizer/interpreters/hotspot/vm_tables.h"

#include <utility>

#include "symbolizer/interpreters/exported_symbols.h"

namespace footfall {
namespace {

constexpr std::size_t kMostEntries = 16384;  // of a table; some 2,000 are usual
constexpr std::size_t kMostVmName = 512;
constexpr std::uint64_t kMostStride = 4096;

// One of the tables: entries of `stride` bytes, of which the fields lie where libjvm says.
class Table {
public:
    // prefix: gHotSpotVMStruct, for gHotSpotVMStructs and gHotSpotVMStructEntryArrayStride.
    static std::optional<Table> open(MemoryReader& memory, const ExportedSymbols& symbols, std::string prefix) {
        Table table(memory, symbols, std::move(prefix));
        const auto begin = table.exported("s");
        const auto stride = table.exported("EntryArrayStride");
        if (!begin || !stride || *stride == 0 || *stride > kMostStride) return std::nullopt;
        table.at_ = *begin;
        table.stride_ = *stride;
        return table;
    }

    // Where a field lies in an entry; nothing where libjvm does not say.
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::string_view field) const {
        return exported("Entry" + std::string(field) + "Offset");
    }

    template <typename Value>
    [[nodiscard]] std::optional<Value> value(std::uint64_t offset) const {
        return memory_->value<Value>(at_ + offset);
    }

    // A null pointer is an empty text.
    [[nodiscard]] std::optional<std::string> text(std::uint64_t offset) const {
        const auto pointer = value<std::uint64_t>(offset);
        if (!pointer) return std::nullopt;
        return *pointer == 0 ? std::optional(std::string()) : memory_->text(*pointer, kMostVmName);
    }

    void next() { at_ += stride_; }

private:
    Table(MemoryReader& memory, const ExportedSymbols& symbols, std::string prefix)
        : memory_(&memory), symbols_(&symbols), prefix_(std::move(prefix)) {}

    [[nodiscard]] std::optional<std::uint64_t> exported(const std::string& suffix) const {
        const auto address = symbols_->find(prefix_ + suffix);
        return address ? memory_->value<std::uint64_t>(*address) : std::nullopt;
    }

    MemoryReader* memory_;
    const ExportedSymbols* symbols_;
    std::string prefix_;
    std::uint64_t at_ = 0;
    std::uint64_t stride_ = 0;
};

std::string key_of(std::string_view structure, std::string_view name) {
    return std::string(structure).append("::").append(name);
}

template <typename Values>
auto look_up(const Values& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
}

bool read_fields(Table table, std::unordered_map<std::string, VmTables::Field>& fields) {
    const auto type_name = table.offset_of("TypeName");
    const auto field_name = table.offset_of("FieldName");
    const auto type = table.offset_of("TypeString");
    const auto is_static = table.offset_of("IsStatic");
    const auto offset = table.offset_of("Offset");
    const auto address = table.offset_of("Address");
    if (!type_name || !field_name || !type || !is_static || !offset || !address) return false;
    for (std::size_t i = 0; i < kMostEntries; ++i, table.next()) {
        const auto structure = table.text(*type_name);
        const auto name = table.text(*field_name);
        if (!structure || !name) return false;
        if (structure->empty() || name->empty()) return true;
        const bool lies_apart = table.value<std::int32_t>(*is_static).value_or(0) != 0;
        VmTables::Field field{table.text(*type).value_or(""), 0, 0};
        (lies_apart ? field.address : field.offset) =
            table.value<std::uint64_t>(lies_apart ? *address : *offset).value_or(0);
        fields[key_of(*structure, *name)] = std::move(field);
    }
    return false;
}

bool read_types(Table table, std::unordered_map<std::string, std::uint64_t>& types) {
    const auto type_name = table.offset_of("TypeName");
    const auto size = table.offset_of("Size");
    if (!type_name || !size) return false;
    for (std::size_t i = 0; i < kMostEntries; ++i, table.next()) {
        const auto name = table.text(*type_name);
        if (!name) return false;
        if (name->empty()) return true;
        types[*name] = table.value<std::uint64_t>(*size).value_or(0);
    }
    return false;
}

bool read_constants(Table table, std::unordered_map<std::string, std::int64_t>& constants) {
    const auto name_at = table.offset_of("Name");
    const auto value = table.offset_of("Value");
    if (!name_at || !value) return false;
    for (std::size_t i = 0; i < kMostEntries; ++i, table.next()) {
        const auto name = table.text(*name_at);
        if (!name) return false;
        if (name->empty()) return true;
        constants[*name] = table.value<std::int32_t>(*value).value_or(0);
    }
    return false;
}

}  // namespace

std::optional<VmTables> VmTables::read(MemoryReader& memory, std::uint64_t libjvm) {
    const auto symbols = ExportedSymbols::of(memory, libjvm);
    if (!symbols) return std::nullopt;
    auto structs = Table::open(memory, *symbols, "gHotSpotVMStruct");
    auto types = Table::open(memory, *symbols, "gHotSpotVMType");
    auto constants = Table::open(memory, *symbols, "gHotSpotVMIntConstant");
    VmTables tables;
    if (!structs || !types || !constants || !read_fields(*std::move(structs), tables.fields_) ||
        !read_types(*std::move(types), tables.types_) || !read_constants(*std::move(constants), tables.constants_)) {
        return std::nullopt;
    }
    return tables;
}

const VmTables::Field* VmTables::field(std::string_view structure, std::string_view name) const {
    const auto found = fields_.find(key_of(structure, name));
    return found == fields_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> VmTables::size_of(std::string_view type) const { return look_up(types_, std::string(type)); }

std::optional<std::int64_t> VmTables::constant(std::string_view name) const {
    return look_up(constants_, std::string(name));
}

}  // namespace footfall
