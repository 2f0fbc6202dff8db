// A small ELF file with DWARF 5 in it, for tests: sections and headers are well-formed, while the entries, the line program
// and the ranges are the test's own, and may contradict themselves.
//
// Entries are of the abbreviations below, whose forms are short. Addresses are one byte: so many times kAddressStep from the
// start of the code.
#pragma once

#include <dwarf.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tests/unit/unwind/elf_image.h"

namespace footfall {

class DwarfBytes {
public:
    static constexpr std::uint64_t kCode = ElfImage::kFrames;  // .text is the first section
    static constexpr std::uint64_t kCodeBytes = 0x600;         // the uppermost addresses lie behind it
    static constexpr std::uint64_t kAddressStep = 8;
    static constexpr std::uint32_t kFirstEntry = 41;   // offset in its unit: behind the unit's own entry
    static constexpr std::uint32_t kFirstRanges = 12;  // offset in .debug_rnglists: behind the header

    enum Abbreviation : std::uint8_t {
        kUnit = 1,
        kFunction,            // name, address, size; has children, as what says nothing else
        kFunctionWithRanges,  // name, ranges (4 bytes)
        kCopy,                // abstract origin (2 bytes, offset in the unit), address, size
        kDefinition,          // specification (2), address, size; no children
        kDeclaration,         // name, linkage name; no children
        kInlined,             // origin (2), address, size, file, line (ULEB)
        kInlinedWithRanges,   // origin (2), ranges (4), file, line, sibling (2)
        kInlinedLeaf,         // as kInlined; no children
        kBlock,               // nothing
        kBlockWithSibling,    // sibling (2, offset in the unit)
        kNamespace,           // sibling (2)
        kStructure,           // name
        kBaseType,            // sibling (2); no children
        kArray,               // nothing
    };

    std::vector<Bytes> units;  // the entries of each, below the unit's own
    Bytes line_program;
    Bytes ranges;  // of DWARF 5, DW_RLE_*

    [[nodiscard]] Bytes file() const {
        Bytes info;
        for (const Bytes& entries : units) append(info, unit(entries));
        ElfImage image;
        image.add_section(".text", Bytes(kCodeBytes), SHF_ALLOC | SHF_EXECINSTR);
        image.add_section(".debug_abbrev", abbreviations(), 0);
        image.add_section(".debug_info", info, 0);
        image.add_section(".debug_line", line_table(), 0);
        image.add_section(".debug_rnglists", range_lists(), 0);
        image.add_section(".debug_addr", addresses(), 0);
        return image.bytes();
    }

private:
    static void append(Bytes& bytes, std::span<const std::uint8_t> more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
    }
    static void append(Bytes& bytes, std::string_view text) { bytes.insert(bytes.end(), text.begin(), text.end()); }

    static Bytes with_length(const Bytes& body) {
        Bytes bytes;
        put<std::uint32_t>(bytes, static_cast<std::uint32_t>(body.size()));
        append(bytes, body);
        return bytes;
    }

    struct Attribute {
        std::uint8_t name;
        std::uint8_t form;
    };

    static Bytes abbreviations() {
        constexpr Attribute kName{DW_AT_name, DW_FORM_string};
        constexpr Attribute kLow{DW_AT_low_pc, DW_FORM_addrx1};
        constexpr Attribute kHigh{DW_AT_high_pc, DW_FORM_data1};
        constexpr Attribute kRanges{DW_AT_ranges, DW_FORM_sec_offset};
        constexpr Attribute kOrigin{DW_AT_abstract_origin, DW_FORM_ref2};
        constexpr Attribute kFile{DW_AT_call_file, DW_FORM_data1};
        constexpr Attribute kLine{DW_AT_call_line, DW_FORM_udata};
        constexpr Attribute kSibling{DW_AT_sibling, DW_FORM_ref2};
        Bytes bytes;
        const auto add = [&bytes](Abbreviation code, std::uint8_t tag, bool children,
                                  const std::vector<Attribute>& attributes) {
            for (const std::uint8_t byte : {std::uint8_t{code}, tag, std::uint8_t{children}}) bytes.push_back(byte);
            for (const Attribute& attribute : attributes) {
                bytes.push_back(attribute.name);
                bytes.push_back(attribute.form);
            }
            bytes.insert(bytes.end(), 2, 0);
        };
        add(kUnit, DW_TAG_compile_unit, true,
            {{DW_AT_comp_dir, DW_FORM_string},
             {DW_AT_stmt_list, DW_FORM_sec_offset},
             {DW_AT_addr_base, DW_FORM_sec_offset},
             {DW_AT_low_pc, DW_FORM_addr},
             {DW_AT_high_pc, DW_FORM_data2}});
        add(kFunction, DW_TAG_subprogram, true, {kName, kLow, kHigh});
        add(kFunctionWithRanges, DW_TAG_subprogram, true, {kName, kRanges});
        add(kCopy, DW_TAG_subprogram, true, {kOrigin, kLow, kHigh});
        add(kDefinition, DW_TAG_subprogram, false, {{DW_AT_specification, DW_FORM_ref2}, kLow, kHigh});
        add(kDeclaration, DW_TAG_subprogram, false, {kName, {DW_AT_linkage_name, DW_FORM_string}});
        add(kInlined, DW_TAG_inlined_subroutine, true, {kOrigin, kLow, kHigh, kFile, kLine});
        add(kInlinedWithRanges, DW_TAG_inlined_subroutine, true, {kOrigin, kRanges, kFile, kLine, kSibling});
        add(kInlinedLeaf, DW_TAG_inlined_subroutine, false, {kOrigin, kLow, kHigh, kFile, kLine});
        add(kBlock, DW_TAG_lexical_block, true, {});
        add(kBlockWithSibling, DW_TAG_lexical_block, true, {kSibling});
        add(kNamespace, DW_TAG_namespace, true, {kSibling});
        add(kStructure, DW_TAG_structure_type, true, {kName});
        add(kBaseType, DW_TAG_base_type, false, {kSibling});
        add(kArray, DW_TAG_array_type, true, {});
        bytes.push_back(0);
        return bytes;
    }

    static Bytes unit(std::span<const std::uint8_t> entries) {
        Bytes body = {5, 0, DW_UT_compile, 8, 0, 0, 0, 0, kUnit};  // version, type, size of addresses, abbreviations
        append(body, std::string_view("/srv/shop\0", 10));
        put<std::uint32_t>(body, 0);  // line table
        put<std::uint32_t>(body, 8);  // addresses, behind their header
        put<std::uint64_t>(body, kCode);
        put<std::uint16_t>(body, kCodeBytes);
        append(body, entries);
        return with_length(body);
    }

    // DWARF 4's, which is still what many are.
    [[nodiscard]] Bytes line_table() const {
        Bytes tables = {1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
        append(tables, std::string_view("inc\0\0", 5));
        append(tables, std::string_view("shop.cc\0\0\0\0", 11));
        append(tables, std::string_view("../lib/list.h\0\1\0\0", 17));
        append(tables, std::string_view("/usr/a.h\0\0\0\0\0", 13));
        Bytes body = {4, 0};
        append(body, with_length(tables));
        append(body, line_program);
        return with_length(body);
    }

    [[nodiscard]] Bytes range_lists() const {
        Bytes body = {5, 0, 8, 0, 0, 0, 0, 0};
        append(body, ranges);
        return with_length(body);
    }

    static Bytes addresses() {
        Bytes body = {5, 0, 8, 0};
        for (std::uint64_t i = 0; i < 256; ++i) put<std::uint64_t>(body, kCode + i * kAddressStep);
        return with_length(body);
    }
};

}  // namespace footfall
