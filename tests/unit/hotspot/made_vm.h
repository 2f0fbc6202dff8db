// A HotSpot virtual machine, made up: its tables, a code cache with what is put into it, and methods. Laid out as version 17
// or as version 25 is, whose numbers these are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "symbolizer/interpreters/hotspot/layout.h"
#include "tests/unit/hotspot/made_library.h"
#include "tests/unit/hotspot/made_memory.h"

namespace footfall {

class MadeVm {
public:
    static constexpr std::uint64_t kLibjvm = 0x7f0000000000;
    static constexpr std::uint64_t kHeap = 0x7f2000000000;  // of all code
    static constexpr std::uint64_t kSegments = 0x7f3000000000;
    static constexpr std::uint64_t kHeapBytes = 0x100000;
    static constexpr unsigned kSegmentShift = 7;
    static constexpr std::uint64_t kInterpreter = kHeap + 0x80000;
    static constexpr std::uint64_t kInterpreterBytes = 0x1000;

    explicit MadeVm(int version) : version_(version), is_new_(version >= 23) { lay(); }

    MadeMemory memory;

    // Numbers of this version's structures that tests need.
    [[nodiscard]] std::uint64_t block_header() const { return is_new_ ? 8 : 16; }
    [[nodiscard]] std::uint64_t header_bytes() const { return is_new_ ? 224 : 352; }
    [[nodiscard]] std::uint64_t const_method_bytes() const { return is_new_ ? 56 : 48; }
    [[nodiscard]] std::uint64_t compile_id_at() const { return is_new_ ? 212 : 304; }

    struct Blob {
        std::string name = "nmethod";
        std::vector<std::uint8_t> code = std::vector<std::uint8_t>(256, 0x90);
        int frame_words = 4;
        int frame_complete = 16;
        int compile_id = 7;
        int original_pc = 8;
        std::uint64_t method = 0;
        std::vector<std::uint64_t> metadata = {};             // Methods that scopes name
        std::vector<std::pair<int, std::uint32_t>> pcs = {};  // in the code, and where its scope is told
        std::vector<std::uint8_t> scopes = {};
    };

    // Its address. Segments are counted from the start of the code cache. The deopt handler is the code's last 8 bytes.
    std::uint64_t add_blob(std::uint64_t segment, const Blob& blob) {
        const std::uint64_t block = kHeap + (segment << kSegmentShift);
        const std::uint64_t at = block + block_header();
        const std::uint64_t bytes = header_bytes() + blob.code.size();
        const std::uint64_t segments = (block_header() + bytes + (1U << kSegmentShift) - 1) >> kSegmentShift;
        std::uint8_t hop = 0;
        for (std::uint64_t i = 0; i < segments; ++i, hop = hop == 254 ? 1 : static_cast<std::uint8_t>(hop + 1))
            memory.put(kSegments + segment + i, hop);
        memory.put_bytes(at + header_bytes(), blob.code);
        lay_blob(at, bytes, blob);
        return at;
    }
    [[nodiscard]] std::uint64_t code_of(std::uint64_t blob) const { return blob + header_bytes(); }

    struct Made {
        std::string holder = "shop/Cart";
        std::string name = "add";
        std::string file = "Cart.java";
        int code_size = 40;
        std::vector<std::uint8_t> lines = {};  // the compressed table; empty: none
    };

    // The Method; its ConstMethod is const_method_of() it.
    std::uint64_t add_method(const Made& made) {
        const std::uint64_t method = take(88), constants = take(const_method_bytes() + 65536 + made.lines.size());
        const std::uint64_t pool = take(72 + 4 * 8), klass = take(464);
        memory.put(method + 8, constants);
        memory.put(constants + 8, pool);
        if (!made.lines.empty()) memory.put(constants + 28, std::uint16_t{1});
        memory.put(constants + (is_new_ ? 34 : 32), static_cast<std::uint16_t>(made.code_size));
        memory.put(constants + (is_new_ ? 36 : 34), std::uint16_t{1});
        memory.put_bytes(constants + const_method_bytes() + static_cast<std::uint64_t>(made.code_size), made.lines);
        memory.put(pool + 24, klass);
        memory.put(pool + 60, std::int32_t{4});
        memory.put(pool + 54, static_cast<std::uint16_t>(made.file.empty() ? 0 : 2));
        memory.put(pool + 72 + 8, add_symbol(made.name));
        memory.put(pool + 72 + 16, add_symbol(made.file));
        memory.put(klass + 24, add_symbol(made.holder));
        return method;
    }
    std::uint64_t const_method_of(std::uint64_t method) { return memory.value<std::uint64_t>(method + 8).value_or(0); }

    // A number as this version compresses it.
    void compress(std::vector<std::uint8_t>& into, std::uint32_t number) const {
        const std::uint32_t excluded = version_ >= 20 ? 1 : 0, low = 192 - excluded;
        for (int i = 0; i < 4 && number >= low; ++i) {
            number -= low;
            into.push_back(static_cast<std::uint8_t>(excluded + low + number % 64));
            number /= 64;
        }
        into.push_back(static_cast<std::uint8_t>(excluded + number));
    }
    // Where the scope is told. sender: of what it was inlined into; 0: it was not. method: counts from 1 in the metadata.
    std::uint32_t add_scope(Blob& blob, std::uint32_t sender, std::uint32_t method, int bci) const {
        if (blob.scopes.empty()) blob.scopes.push_back(0);
        const auto at = static_cast<std::uint32_t>(blob.scopes.size());
        compress(blob.scopes, sender);
        compress(blob.scopes, method);
        compress(blob.scopes, static_cast<std::uint32_t>(bci + 1));
        return at;
    }

private:
    static constexpr std::uint64_t kStatics = 0x7f0000100000;
    static constexpr std::uint64_t kTexts = 0x7f0000200000;
    static constexpr std::uint64_t kTables = 0x7f0000300000;
    static constexpr std::uint64_t kCodeCache = 0x7f0000400000;

    std::uint64_t take(std::uint64_t bytes) {
        const std::uint64_t at = next_;
        memory.add(at, bytes);
        next_ += (bytes + 64 + 15) & ~15ULL;
        return at;
    }
    // In the code cache, behind all code.
    std::uint64_t take_near(std::uint64_t bytes) { return std::exchange(next_near_, next_near_ + ((bytes + 15) & ~15ULL)); }
    std::uint64_t add_text(const std::string& text) {
        const std::uint64_t at = next_text_;
        memory.put_text(at, text);
        next_text_ += (text.size() + 32) & ~31ULL;
        return at;
    }
    std::uint64_t add_symbol(const std::string& text) {
        const std::uint64_t at = take(8 + text.size());
        memory.put(at + 4, static_cast<std::uint16_t>(text.size()));
        memory.put_bytes(at + 6, {text.begin(), text.end()});
        return at;
    }

    void lay();
    void lay_tables();
    void lay_code_cache();
    void lay_blob(std::uint64_t at, std::uint64_t bytes, const Blob& blob);

    int version_;
    bool is_new_;
    std::uint64_t next_ = 0x7f4000000000;
    std::uint64_t next_near_ = kHeap + 0xc0000;
    std::uint64_t next_text_ = kTexts;
    std::uint64_t next_entry_ = kTables;
};

inline void MadeVm::lay() {
    memory.add(kStatics, 0x100);
    memory.add(kTexts, 0x40000);
    memory.add(kTables, 0x40000);
    memory.put(kStatics, std::int32_t{version_});
    lay_tables();
    lay_code_cache();
}

inline void MadeVm::lay_code_cache() {
    const std::uint64_t list = kCodeCache + 0x40, heap = kCodeCache + 0x80, queue = kCodeCache + 0x400;
    memory.add(kCodeCache, 0x1000);
    memory.put(kStatics + 8, std::uint64_t{kCodeCache});
    memory.put(kStatics + 16, queue);
    memory.put(kCodeCache, std::int32_t{1});
    memory.put(kCodeCache + 8, list);
    memory.put(list, heap);
    memory.put(heap + 8 + 8, kHeap + kHeapBytes);
    memory.put(heap + 8 + 16, std::uint64_t{kHeap});
    memory.put(heap + 120 + 16, std::uint64_t{kSegments});
    memory.put(heap + 256, std::int32_t{kSegmentShift});
    memory.put(queue + 8, std::uint64_t{kInterpreter});
    memory.put(queue + 20, static_cast<std::int32_t>(kInterpreterBytes));
    memory.add(kHeap, kHeapBytes);
    memory.add(kSegments, 0x4000);
    for (std::uint64_t i = 0; i < 0x4000; ++i) memory.put(kSegments + i, std::uint8_t{0xff});
}

inline void MadeVm::lay_tables() {
    struct Field {
        std::string structure, name, type;
        std::uint64_t at;
        bool is_static = false;
    };
    std::vector<Field> fields = {
        {"Abstract_VM_Version", "_vm_major_version", "int", kStatics, true},
        {"CodeCache", "_heaps", "GrowableArray<CodeHeap*>*", kStatics + 8, true},
        {"AbstractInterpreter", "_code", "StubQueue*", kStatics + 16, true},
        {"GrowableArrayBase", "_len", "int", 0},
        {"GrowableArray<int>", "_data", "int*", 8},
        {"CodeHeap", "_memory", "VirtualSpace", 8},
        {"CodeHeap", "_segmap", "VirtualSpace", 120},
        {"CodeHeap", "_log2_segment_size", "int", 256},
        {"VirtualSpace", "_low", "char*", 16},
        {"VirtualSpace", "_high_boundary", "char*", 8},
        {"StubQueue", "_stub_buffer", "address", 8},
        {"StubQueue", "_buffer_limit", "int", 20},
        {"PcDesc", "_pc_offset", "int", 0},
        {"PcDesc", "_scope_decode_offset", "int", 4},
        {"Method", "_constMethod", "ConstMethod*", 8},
        {"ConstMethod", "_constants", "ConstantPool*", 8},
        {"ConstantPool", "_length", "int", 60},
        {"ConstantPool", "_pool_holder", "InstanceKlass*", 24},
        {"ConstantPool", "_source_file_name_index", "u2", 54},
        {"Klass", "_name", "Symbol*", 24},
        {"Symbol", "_length", "u2", 4},
        {"Symbol", "_body[0]", "u1", 6},
    };
    const std::vector<Field> old_ones = {
        {"CodeBlob", "_name", "const char*", 96},
        {"CodeBlob", "_size", "int", 12},
        {"CodeBlob", "_frame_complete_offset", "int", 20},
        {"CodeBlob", "_data_offset", "int", 24},
        {"CodeBlob", "_frame_size", "int", 28},
        {"CodeBlob", "_code_begin", "address", 32},
        {"CompiledMethod", "_method", "Method*", 112},
        {"CompiledMethod", "_scopes_data_begin", "address", 120},
        {"CompiledMethod", "_deopt_handler_begin", "address", 128},
        {"CompiledMethod", "_deopt_mh_handler_begin", "address", 136},
        {"nmethod", "_metadata_offset", "int", 260},
        {"nmethod", "_scopes_pcs_offset", "int", 268},
        {"nmethod", "_dependencies_offset", "int", 272},
        {"nmethod", "_orig_pc_offset", "int", 300},
        {"nmethod", "_compile_id", "int", 304},
        {"ConstMethod", "_flags", "u2", 28},
        {"ConstMethod", "_code_size", "u2", 32},
        {"ConstMethod", "_name_index", "u2", 34},
    };
    const std::vector<Field> new_ones = {
        {"CodeBlob", "_name", "const char*", 8},
        {"CodeBlob", "_mutable_data", "address", 16},
        {"CodeBlob", "_size", "int", 24},
        {"CodeBlob", "_relocation_size", "int", 28},
        {"CodeBlob", "_code_offset", "int", 36},
        {"CodeBlob", "_frame_size", "int", 44},
        {"CodeBlob", "_frame_complete_offset", "int16_t", 54},
        {"nmethod", "_method", "Method*", 80},
        {"nmethod", "_immutable_data", "address", 96},
        {"nmethod", "_deopt_handler_offset", "int", 176},
        {"nmethod", "_scopes_pcs_offset", "int", 196},
        {"nmethod", "_scopes_data_offset", "int", 200},
        {"nmethod", "_orig_pc_offset", "int", 208},
        {"nmethod", "_compile_id", "int", 212},
        {"ConstMethod", "_flags._flags", "u4", 28},
        {"ConstMethod", "_code_size", "u2", 34},
        {"ConstMethod", "_name_index", "u2", 36},
    };
    const auto& more = is_new_ ? new_ones : old_ones;
    fields.insert(fields.end(), more.begin(), more.end());
    std::vector<std::pair<std::string, std::uint64_t>> symbols;
    const auto export_number = [&](const std::string& name, std::uint64_t number) {
        const std::uint64_t at = take(8);
        memory.put(at, number);
        symbols.emplace_back(name, at);
    };

    export_number("gHotSpotVMStructs", next_entry_);
    for (const Field& field : fields) {
        memory.put(next_entry_, add_text(field.structure));
        memory.put(next_entry_ + 8, add_text(field.name));
        memory.put(next_entry_ + 16, add_text(field.type));
        memory.put(next_entry_ + 24, std::int32_t{field.is_static});
        memory.put(next_entry_ + (field.is_static ? 40 : 32), field.at);
        next_entry_ += 48;
    }
    next_entry_ += 48;
    const std::string entry = "gHotSpotVMStructEntry";
    for (const auto& [name, offset] :
         {std::pair{"TypeName", 0}, {"FieldName", 8}, {"TypeString", 16}, {"IsStatic", 24}, {"Offset", 32}, {"Address", 40}})
        export_number(entry + name + "Offset", static_cast<std::uint64_t>(offset));
    export_number(entry + "ArrayStride", 48);

    export_number("gHotSpotVMTypes", next_entry_);
    for (const auto& [name, size] : {std::pair{"PcDesc", std::uint64_t{16}},
                                     {"ConstMethod", const_method_bytes()},
                                     {"ConstantPool", 72},
                                     {"HeapBlock", block_header()}}) {
        memory.put(next_entry_, add_text(name));
        memory.put(next_entry_ + 8, size);
        next_entry_ += 16;
    }
    next_entry_ += 16;
    export_number("gHotSpotVMTypeEntryTypeNameOffset", 0);
    export_number("gHotSpotVMTypeEntrySizeOffset", 8);
    export_number("gHotSpotVMTypeEntryArrayStride", 16);

    export_number("gHotSpotVMIntConstants", next_entry_);
    memory.put(next_entry_,
               add_text(is_new_ ? "ConstMethodFlags::_misc_has_linenumber_table" : "ConstMethod::_has_linenumber_table"));
    memory.put(next_entry_ + 8, std::int32_t{1});
    export_number("gHotSpotVMIntConstantEntryNameOffset", 0);
    export_number("gHotSpotVMIntConstantEntryValueOffset", 8);
    export_number("gHotSpotVMIntConstantEntryArrayStride", 16);
    lay_library(memory, kLibjvm, symbols);
}

inline void MadeVm::lay_blob(std::uint64_t at, std::uint64_t bytes, const Blob& blob) {
    const auto put_int = [&](std::uint64_t offset, std::int64_t value) {
        memory.put(at + offset, static_cast<std::int32_t>(value));
    };
    const std::uint64_t pcs = take_near(16 * blob.pcs.size() + blob.scopes.size() + 16);
    const std::uint64_t scopes = pcs + 16 * blob.pcs.size();
    for (std::size_t i = 0; i < blob.pcs.size(); ++i) {
        memory.put(pcs + 16 * i, std::int32_t{blob.pcs[i].first});
        memory.put(pcs + 16 * i + 4, blob.pcs[i].second);
    }
    memory.put_bytes(scopes, blob.scopes);
    const std::uint64_t metadata = take_near(8 * blob.metadata.size() + 16);
    for (std::size_t i = 0; i < blob.metadata.size(); ++i) memory.put(metadata + 8 + 8 * i, blob.metadata[i]);
    const std::uint64_t deopt = bytes - 8;
    if (is_new_) {
        memory.put(at + 8, add_text(blob.name));
        memory.put(at + 16, metadata);
        put_int(24, static_cast<std::int64_t>(bytes));
        put_int(28, 8);  // of relocations, in front of the metadata
        put_int(36, static_cast<std::int64_t>(header_bytes()));
        put_int(44, blob.frame_words);
        memory.put(at + 54, static_cast<std::int16_t>(blob.frame_complete));
        memory.put(at + 80, blob.method);
        memory.put(at + 96, pcs - 32);
        put_int(176, static_cast<std::int64_t>(deopt));
        put_int(196, 32);
        put_int(200, static_cast<std::int64_t>(32 + scopes - pcs));
        put_int(208, blob.original_pc);
        put_int(212, blob.compile_id);
        return;
    }
    memory.put(at + 96, add_text(blob.name));
    put_int(12, static_cast<std::int64_t>(bytes));
    put_int(20, blob.frame_complete);
    put_int(28, blob.frame_words);
    memory.put(at + 32, at + header_bytes());
    memory.put(at + 112, blob.method);
    memory.put(at + 120, scopes);
    memory.put(at + 128, at + deopt);
    put_int(260, static_cast<std::int64_t>(metadata + 8 - at));
    put_int(268, static_cast<std::int64_t>(pcs - at));
    put_int(272, static_cast<std::int64_t>(scopes - at));
    put_int(300, blob.original_pc);
    put_int(304, blob.compile_id);
}

}  // namespace footfall
