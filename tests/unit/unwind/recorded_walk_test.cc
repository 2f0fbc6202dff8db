// Walks over recorded stacks of real servers (recorded/*.stack, made by recorded/record.py), held against the frames that
// gdb found at the same moment. A recording has all that a walk needs, so no installed program or library matters here.
//
// In none of them do gdb and footfall differ. In python_red_zone libcrypto keeps its frame's place below the stack pointer,
// where the copies that the kernel side sends begin, too, unless that page can't be read.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "symbolizer/unwind/native_unwinder.h"
#include "tests/unit/unwind/recorded/rule_names.h"

namespace footfall {
namespace {

namespace fs = std::filesystem;

struct RecordedMapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t bias = 0;
    std::string module;
};

// A file of lines, each with a word that says what follows it.
struct Recording {
    StackRegisters registers;
    std::vector<RecordedMapping> mappings;
    std::map<std::string, std::map<std::uint64_t, ff_unwind_row>> rows;  // by module, by ELF address
    std::uint64_t stack_address = 0;
    std::vector<std::byte> stack;
    std::vector<std::uint64_t> frames;  // of the instructions that a walk names
};

ff_unwind_row read_row(std::istream& line) {
    std::string name;
    int rbp = 0;
    int rbx = 0;
    int offset = 0;
    line >> name >> rbp >> rbx >> offset;
    const auto* const known =
        std::find_if(kRuleNames.begin(), kRuleNames.end(), [&](const RuleName& rule) { return rule.name == name; });
    if (known == kRuleNames.end()) throw std::runtime_error("no rule '" + name + "'");
    ff_unwind_row row{};
    row.cfa = static_cast<std::uint16_t>(known->rule) & 15U;
    row.rbp = static_cast<std::int8_t>(rbp);
    row.rbx = static_cast<std::int8_t>(rbx);
    row.offset = offset;
    return row;
}

void read_bytes(std::istream& line, std::vector<std::byte>& to) {
    std::string digits;
    line >> digits;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        to.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
}

// gdb tells return addresses; a walk tells the byte in front of them.
std::uint64_t read_frame(std::istream& line) {
    std::uint64_t address = 0;
    std::string kind;
    line >> address >> kind;
    return kind == "exact" ? address : address - 1;
}

void read_line(const std::string& text, Recording& recording) {
    std::istringstream line(text);
    std::string word;
    line >> word >> std::hex;
    if (word == "rip") line >> recording.registers.instruction_pointer;
    if (word == "registers")
        for (std::uint64_t& value : recording.registers.by_number) line >> value;
    if (word == "mapping") {
        RecordedMapping& mapping = recording.mappings.emplace_back();
        line >> mapping.begin >> mapping.end >> mapping.bias >> mapping.module;
    }
    if (word == "row") {
        std::string module;
        std::uint64_t address = 0;
        line >> module >> address >> std::dec;
        recording.rows[module][address] = read_row(line);
    }
    if (word == "stack") line >> recording.stack_address;
    if (word == "bytes") read_bytes(line, recording.stack);
    if (word == "frame") recording.frames.push_back(read_frame(line));
    if (line.fail()) throw std::runtime_error("can't read '" + text + "'");
}

Recording read_recording(const fs::path& path) {
    Recording recording;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && line.front() != '#') read_line(line, recording);
    return recording;
}

class RecordedRows final : public RowSource {
public:
    explicit RecordedRows(const Recording& recording) : recording_(recording) {}

    tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t address) override {
        for (const RecordedMapping& mapping : recording_.mappings)
            if (address >= mapping.begin && address < mapping.end) return row_of(mapping.module, address - mapping.bias);
        return tl::unexpected(FF_STOP_NO_MAPPING);
    }

private:
    tl::expected<ff_unwind_row, ff_stop> row_of(const std::string& module, std::uint64_t address) {
        const auto rows = recording_.rows.find(module);
        if (rows == recording_.rows.end()) return tl::unexpected(FF_STOP_NO_TABLE);
        const auto row = rows->second.find(address);
        if (row == rows->second.end()) return tl::unexpected(FF_STOP_NO_TABLE);
        return row->second;
    }

    const Recording& recording_;
};

fs::path recorded(const std::string& name) { return fs::path(FOOTFALL_RECORDED_STACKS) / (name + ".stack"); }

WalkedStack walk(const Recording& recording) {
    RecordedRows rows(recording);
    return walk_stack(recording.registers, {recording.stack_address, recording.stack}, rows);
}

std::vector<std::uint64_t> addresses_of(const WalkedStack& walked) {
    std::vector<std::uint64_t> addresses;
    for (const WalkedFrame& frame : walked.frames) addresses.push_back(frame.address);
    return addresses;
}

std::vector<std::string> names_of_recordings() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(FOOTFALL_RECORDED_STACKS))
        if (entry.path().extension() == ".stack") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

class RecordedStack : public testing::TestWithParam<std::string> {};

TEST_P(RecordedStack, GivesTheFramesOfGdb) {
    const Recording recording = read_recording(recorded(GetParam()));
    ASSERT_GE(recording.frames.size(), 3U);
    const WalkedStack walked = walk(recording);
    EXPECT_EQ(addresses_of(walked), recording.frames);
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    for (const WalkedFrame& frame : walked.frames) EXPECT_FALSE(frame.guessed) << std::hex << frame.address;
}

TEST_P(RecordedStack, EndsWhereAFrameOfTheStackIsCutOff) {
    Recording recording = read_recording(recorded(GetParam()));
    recording.stack.resize(recording.registers.by_number[FF_REGISTER_RSP] - recording.stack_address + 8);
    const WalkedStack walked = walk(recording);
    EXPECT_EQ(walked.stop, FF_STOP_UNREADABLE_STACK);
    EXPECT_LT(walked.frames.size(), recording.frames.size());
}

INSTANTIATE_TEST_SUITE_P(Servers, RecordedStack, testing::ValuesIn(names_of_recordings()),
                         [](const auto& name) { return name.param; });

bool has_rule(const std::string& name, ff_cfa_rule rule) {
    const Recording recording = read_recording(recorded(name));
    return std::any_of(recording.rows.begin(), recording.rows.end(), [&](const auto& module) {
        return std::any_of(module.second.begin(), module.second.end(),
                           [&](const auto& row) { return row.second.cfa == rule; });
    });
}

// gdb is right: the red zone is memory of the innermost frame. A copy that lacks it ends there, and says so.
TEST(RecordedWalk, ACopyWithoutTheRedZoneLosesTheCallersOfAFrameThatIsKeptThere) {
    const Recording recording = read_recording(recorded("python_red_zone"));
    const std::uint64_t from = recording.registers.by_number[FF_REGISTER_RSP];
    RecordedRows rows(recording);
    const StackCopy above{from, std::span(recording.stack).subspan(from - recording.stack_address)};
    const WalkedStack walked = walk_stack(recording.registers, above, rows);
    EXPECT_EQ(walked.stop, FF_STOP_UNREADABLE_STACK);
    EXPECT_EQ(walked.frames.size(), 1U);
}

// Such recordings are there for what few moments have: those that are made anew must have it too.
TEST(RecordedWalk, LeadsThroughASignalARealignedStackAndTheLoader) {
    EXPECT_TRUE(has_rule("postgres_signal", FF_CFA_SIGNAL));
    EXPECT_TRUE(has_rule("python_hash", FF_CFA_RSP_DEREF));
    EXPECT_TRUE(has_rule("loader_binds", FF_CFA_REGISTER));
}

}  // namespace
}  // namespace footfall
