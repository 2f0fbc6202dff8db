// Held against Debian's python3, whose file is stripped of all but its dynamic symbols.
#include "symbolizer/interpreters/runtime_symbols.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/base/fd.h"
#include "symbolizer/elf/description.h"

namespace footfall {
namespace {

RuntimeSymbols symbols_of(const char* path) {
    const Fd file(open(path, O_RDONLY | O_CLOEXEC));
    const auto description = describe_elf(file.get());
    return description ? description->runtime : RuntimeSymbols{};
}

TEST(RuntimeSymbols, OfPythonAreThoseByWhichItIsRead) {
    const RuntimeSymbols python = symbols_of("/usr/bin/python3");
    if (python.symbols.empty()) GTEST_SKIP() << "/usr/bin/python3 is not there, or has no interpreter of its own";
    for (const char* name : {"_PyRuntime", "PyCode_Type", "_PyEval_EvalFrameDefault"}) {
        ASSERT_NE(python.find(name), nullptr) << name;
        EXPECT_GT(python.find(name)->size, 100U) << name;
    }
    EXPECT_EQ(python.find("PyObject_Call"), nullptr);
}

// GCC puts what runs seldom elsewhere, without a symbol.
TEST(RuntimeSymbols, OfPythonsEvaluationFunctionKnowTheMovedPartToo) {
    const RuntimeSymbols python = symbols_of("/usr/bin/python3");
    if (python.symbols.empty()) GTEST_SKIP() << "/usr/bin/python3 is not there, or has no interpreter of its own";
    const RuntimeSymbol& function = *python.find("_PyEval_EvalFrameDefault");
    ASSERT_GE(python.script_code.size(), 2U);
    EXPECT_EQ(python.script_code[0].begin, function.address);
    EXPECT_TRUE(python.runs_scripts(function.address + function.size - 1));
    EXPECT_FALSE(python.runs_scripts(function.address - 1));
    for (const ScriptCode& code : python.script_code) {
        EXPECT_LT(code.begin, code.end);
        EXPECT_TRUE(python.runs_scripts(code.begin));
        EXPECT_TRUE(python.runs_scripts(code.end - 1));
        const auto overlaps = [&](const ScriptCode& other) {
            return &other != &code && other.begin < code.end && code.begin < other.end;
        };
        EXPECT_TRUE(std::none_of(python.script_code.begin(), python.script_code.end(), overlaps));
    }
}

TEST(RuntimeSymbols, OfWhatIsNoInterpreterAreNone) {
    const RuntimeSymbols self = symbols_of("/proc/self/exe");
    EXPECT_TRUE(self.symbols.empty());
    EXPECT_TRUE(self.script_code.empty());
    EXPECT_FALSE(self.runs_scripts(0));
}

}  // namespace
}  // namespace footfall
