#include "agent/stacks/module_loader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "symbolizer/unwind/table_builder.h"
#include "symbolizer/unwind/table_file.h"
#include "symbolizer/worker/symbolizer_worker.h"
#include "tests/unit/stacks/own_worker.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

constexpr const char* kBuildId = "00112233445566778899aabbccddeeff00112233";

std::vector<Loaded> wait_for(ModuleLoader& loader, std::size_t wanted) {
    std::vector<Loaded> all;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (all.size() < wanted && std::chrono::steady_clock::now() < deadline) {
        for (Loaded& loaded : loader.take()) all.push_back(std::move(loaded));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(all.size(), wanted);
    return all;
}

Fd this_program() { return Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)); }

Fd text_file() {
    Fd file(memfd_create("text", MFD_CLOEXEC));
    EXPECT_EQ(write(file.get(), "no program", 10), 10);
    return file;
}

class ModuleLoaderTest : public testing::Test {
protected:
    ScratchDirectory scratch_;
};

TEST_F(ModuleLoaderTest, AnswersInTheOrderOfTheQuestionsEachWithItsTicket) {
    ModuleLoader loader(loader_options(scratch_.path()));
    {
        const Fd program = this_program();
        const Fd text = text_file();
        loader.describe(7, program.get());
        loader.describe(5, text.get());
        loader.load_table(9, program.get(), kBuildId);
    }  // the loader has descriptors of its own
    const std::vector<Loaded> all = wait_for(loader, 3);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].ticket, 7U);
    EXPECT_FALSE(all[0].is_table);
    EXPECT_EQ(all[0].miss, Miss::kNone);
    EXPECT_FALSE(all[0].description.code.empty());
    EXPECT_EQ(all[1].ticket, 5U);
    EXPECT_EQ(all[1].miss, Miss::kNotElf);
    EXPECT_EQ(all[2].ticket, 9U);
    EXPECT_TRUE(all[2].is_table);
    ASSERT_TRUE(all[2].table);
    EXPECT_GT(all[2].table->rows(), 100U);
}

TEST_F(ModuleLoaderTest, ATableIsBuiltOnceAndThenFoundInTheCache) {
    const Fd program = this_program();
    {
        ModuleLoader loader(loader_options(scratch_.path()));
        loader.load_table(1, program.get(), kBuildId);
        ASSERT_TRUE(wait_for(loader, 1).at(0).table);
    }
    EXPECT_EQ(scratch_.entries(), 1U);
    ModuleLoader again(loader_without_worker(scratch_.path()));
    again.load_table(1, program.get(), kBuildId);
    EXPECT_TRUE(wait_for(again, 1).at(0).table);
}

TEST_F(ModuleLoaderTest, WithoutABuildIdATableIsBuiltButNotKept) {
    ModuleLoader loader(loader_options(scratch_.path()));
    loader.load_table(1, this_program().get(), "");
    EXPECT_TRUE(wait_for(loader, 1).at(0).table);
    EXPECT_EQ(scratch_.entries(), 0U);
}

TEST_F(ModuleLoaderTest, ADirectoryThatOthersMayWriteToCostsTheCacheNotTheTable) {
    ASSERT_EQ(chmod(scratch_.path().c_str(), 0777), 0);
    ModuleLoader loader(loader_options(scratch_.path()));
    loader.load_table(1, this_program().get(), kBuildId);
    EXPECT_TRUE(wait_for(loader, 1).at(0).table);
    EXPECT_EQ(scratch_.entries(), 0U);
}

TEST_F(ModuleLoaderTest, AFileWithoutATableIsAMissAndLeavesNothingBehind) {
    ModuleLoader loader(loader_options(scratch_.path()));
    loader.load_table(1, text_file().get(), kBuildId);
    const std::vector<Loaded> all = wait_for(loader, 1);
    EXPECT_FALSE(all.at(0).table);
    EXPECT_NE(all.at(0).miss, Miss::kNone);
    EXPECT_EQ(scratch_.entries(), 0U);
}

TEST_F(ModuleLoaderTest, AWorkerThatCannotBeStartedIsAMiss) {
    ModuleLoader loader(loader_without_worker(scratch_.path()));
    loader.describe(1, this_program().get());
    loader.load_table(2, this_program().get(), kBuildId);
    const std::vector<Loaded> all = wait_for(loader, 2);
    EXPECT_EQ(all.at(0).miss, Miss::kNoWorker);
    EXPECT_EQ(all.at(1).miss, Miss::kNoWorker);
    EXPECT_FALSE(all.at(1).table);
}

TEST_F(ModuleLoaderTest, EndsWithWorkLeftToDo) {
    ModuleLoader loader(loader_options(scratch_.path()));
    for (std::uint64_t i = 0; i < 1000; ++i) loader.load_table(i, this_program().get(), "");
}

Miss write_unwind_table(int elf, int out) {
    TableFileWriter writer(out, {});
    return build_unwind_table(elf, writer) && writer.finish() ? Miss::kNone : Miss::kMalformed;
}

}  // namespace
}  // namespace footfall

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], footfall::kWorkerArgument) == 0) {
        return footfall::run_symbolizer_worker(footfall::kSymbolizerWorkerSocket, {footfall::write_unwind_table});
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
