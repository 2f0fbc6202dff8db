#include "output/session/utf8.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace footfall {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

struct Lead {
    std::size_t length = 0;  // of the whole sequence; 0: no sequence begins so
    char32_t bits = 0;
    char32_t smallest = 0;  // below it, the sequence is overlong
};

Lead lead_of(unsigned char byte) {
    if (byte < 0x80) return {1, byte, 0};
    if (byte >= 0xC2 && byte < 0xE0) return {2, byte & 0x1FU, 0x80};
    if (byte >= 0xE0 && byte < 0xF0) return {3, byte & 0x0FU, 0x800};
    if (byte >= 0xF0 && byte < 0xF5) return {4, byte & 0x07U, 0x10000};
    return {};
}

bool is_scalar(char32_t character) { return character <= 0x10FFFF && (character < 0xD800 || character > 0xDFFF); }

void make_field_utf8(Message& message, const FieldDescriptor* field) {
    const Reflection* reflection = message.GetReflection();
    if (!field->is_repeated()) {
        const std::string text = reflection->GetString(message, field);
        if (!is_utf8(text)) reflection->SetString(&message, field, to_utf8(text));
        return;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        const std::string text = reflection->GetRepeatedString(message, field, i);
        if (!is_utf8(text)) reflection->SetRepeatedString(&message, field, i, to_utf8(text));
    }
}

void make_children_utf8(Message& message, const FieldDescriptor* field) {
    const Reflection* reflection = message.GetReflection();
    if (!field->is_repeated()) {
        make_strings_utf8(*reflection->MutableMessage(&message, field));
        return;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        make_strings_utf8(*reflection->MutableRepeatedMessage(&message, field, i));
    }
}

}  // namespace

DecodedCharacter take_character(std::string_view& rest) {
    const Lead lead = lead_of(static_cast<unsigned char>(rest.front()));
    char32_t character = lead.bits;
    bool valid = lead.length != 0 && lead.length <= rest.size();
    for (std::size_t i = 1; valid && i < lead.length; ++i) {
        const auto byte = static_cast<unsigned char>(rest[i]);
        valid = (byte & 0xC0U) == 0x80;
        character = (character << 6U) | (byte & 0x3FU);
    }
    if (!valid || character < lead.smallest || !is_scalar(character)) {
        rest.remove_prefix(1);
        return {};
    }
    rest.remove_prefix(lead.length);
    return {character, true};
}

void append_utf8(std::string& out, char32_t character) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((character >> shift) & 0x3FU)); };
    if (character < 0x80) {
        out += static_cast<char>(character);
    } else if (character < 0x800) {
        out += static_cast<char>(0xC0U | (character >> 6U));
        tail(0);
    } else if (character < 0x10000) {
        out += static_cast<char>(0xE0U | (character >> 12U));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | (character >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        if (!take_character(text).valid) return false;
    }
    return true;
}

std::string to_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) append_utf8(out, take_character(text).character);
    return out;
}

void make_strings_utf8(Message& message) {
    std::vector<const FieldDescriptor*> set;
    message.GetReflection()->ListFields(message, &set);
    for (const FieldDescriptor* field : set) {
        if (field->type() == FieldDescriptor::TYPE_STRING) make_field_utf8(message, field);
        if (field->type() == FieldDescriptor::TYPE_MESSAGE) make_children_utf8(message, field);
    }
}

}  // namespace footfall
