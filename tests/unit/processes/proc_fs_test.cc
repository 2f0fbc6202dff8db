#include "agent/processes/proc_fs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/processes/fake_tree.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::string_literals;

TEST(ProcFs, ReadsAProcess) {
    const FakeTree host{
        {"proc/812/stat", "812 (nginx) S 1 812 812 0 -1 4194560 10 0 0 0 1 2 0 0 20 0 1 0 53421 11 22\n"},
        {"proc/812/status", "Name:\tnginx\nUmask:\t0022\nUid:\t33\t0\t33\t33\nGid:\t33\t33\t33\t33\n"},
        {"proc/812/cmdline", "nginx\0-g\0\0daemon off;\0"s},
        {"proc/812/cgroup", "9:name=systemd:/system.slice/nginx.service\n0::/system.slice/nginx.service\n"},
        {"proc/812/exe", "-> /usr/sbin/nginx"},
    };
    const auto facts = ProcFs(host.proc()).facts(Pid{812});
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->pid, Pid{812});
    EXPECT_EQ(facts->parent, Pid{1});
    EXPECT_EQ(facts->uid, Uid{33});
    EXPECT_EQ(facts->start_ticks, 53421U);
    EXPECT_EQ(facts->comm, "nginx");
    EXPECT_EQ(facts->executable, "/usr/sbin/nginx");
    EXPECT_FALSE(facts->executable_deleted);
    EXPECT_THAT(facts->arguments, ElementsAre("nginx", "-g", "", "daemon off;"));
    ASSERT_EQ(facts->cgroups.size(), 2U);
    EXPECT_EQ(facts->cgroups[0].hierarchy, "name=systemd");
    EXPECT_EQ(facts->cgroups[1].hierarchy, "");
    EXPECT_EQ(facts->cgroups[1].path, "/system.slice/nginx.service");
}

TEST(ProcFs, IsNotFooledByBracketsAndLineEndsInComm) {
    FakeTree host{};
    host.add_process(7, 3, "/bin/x");
    host.add("proc/7/stat", "7 (a) S 99 (\n b) S 3 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0\n");
    const auto facts = ProcFs(host.proc()).facts(Pid{7});
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->comm, "a) S 99 (\n b");
    EXPECT_EQ(facts->parent, Pid{3});
    EXPECT_EQ(facts->start_ticks, 4711U);
}

TEST(ProcFs, NotesThatTheExecutableIsDeleted) {
    FakeTree host{};
    host.add_process(7, 1, "/usr/sbin/nginx (deleted)");
    const auto facts = ProcFs(host.proc()).facts(Pid{7});
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->executable, "/usr/sbin/nginx");
    EXPECT_TRUE(facts->executable_deleted);
}

TEST(ProcFs, KeepsColonsInCgroupPaths) {
    FakeTree host{};
    host.add_process(7, 1, "/bin/x", "", "4:cpu,cpuacct:/kubepods:cri-containerd:abc\nnonsense\n");
    const auto facts = ProcFs(host.proc()).facts(Pid{7});
    ASSERT_TRUE(facts.has_value());
    ASSERT_EQ(facts->cgroups.size(), 1U);
    EXPECT_EQ(facts->cgroups[0].hierarchy, "cpu,cpuacct");
    EXPECT_EQ(facts->cgroups[0].path, "/kubepods:cri-containerd:abc");
}

TEST(ProcFs, SaysThatAProcessIsGone) {
    FakeTree host{};
    host.add_process(7, 1, "/bin/x");
    host.remove("proc/7/status");
    EXPECT_EQ(ProcFs(host.proc()).facts(Pid{7}).error(), ProcessMiss::kGone);
    EXPECT_EQ(ProcFs(host.proc()).facts(Pid{8}).error(), ProcessMiss::kGone);
    EXPECT_EQ(ProcFs(host.proc()).mapped_files(Pid{8}).error(), ProcessMiss::kGone);
}

TEST(ProcFs, GivesWhatThereIsOfAKernelThread) {
    FakeTree host{};
    host.add_process(2, 0, "");
    const auto facts = ProcFs(host.proc()).facts(Pid{2});
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->executable, "");
    EXPECT_THAT(facts->arguments, IsEmpty());
}

TEST(ProcFs, RefusesStatLinesThatAreCutShort) {
    FakeTree host{};
    host.add_process(7, 1, "/bin/x");
    for (const char* stat : {"", "7", "7 (x", "7 (x)", "7 (x) S 1 2 3", "7 )x( S 1"}) {
        host.add("proc/7/stat", stat);
        EXPECT_FALSE(ProcFs(host.proc()).facts(Pid{7}).has_value()) << stat;
    }
}

TEST(ProcFs, TakesOnlyTheServiceNameFromTheEnvironment) {
    FakeTree host{};
    host.add_process(7, 1, "/bin/x");
    EXPECT_EQ(ProcFs(host.proc()).declared_service(Pid{7}), "");
    host.add("proc/7/environ", "PASSWORD=secret\0XOTEL_SERVICE_NAME=no\0OTEL_SERVICE_NAME=shop\0"s);
    EXPECT_EQ(ProcFs(host.proc()).declared_service(Pid{7}), "shop");
    EXPECT_EQ(ProcFs(host.proc()).declared_service(Pid{8}), "");
}

TEST(ProcFs, ListsMappedCodeOnce) {
    FakeTree host{};
    host.add_process(7, 1, "/bin/x");
    host.add("proc/7/maps",
             "55d0-55d1 r--p 00000000 08:01 11                         /usr/bin/x\n"
             "55d1-55d2 r-xp 00001000 08:01 11                         /usr/bin/x\n"
             "55d2-55d3 r-xp 00003000 08:01 11                         /usr/bin/x\n"
             "7f00-7f01 r-xp 00000000 08:01 12                         /usr/lib/a b.so (deleted)\n"
             "7f01-7f02 r-xp 00000000 08:01 13                         /odd\\012name.so\n"
             "7f02-7f03 rw-p 00000000 08:01 14                         /var/data\n"
             "7f03-7f04 r-xp 00000000 00:00 0                          [anon:a/b]\n"
             "7ffd-7ffe r-xp 00000000 00:00 0                          [vdso]\n");
    const auto files = ProcFs(host.proc()).mapped_files(Pid{7});
    ASSERT_TRUE(files.has_value());
    EXPECT_THAT(*files, ElementsAre("/usr/bin/x", "/usr/lib/a b.so", "/odd\nname.so"));
}

TEST(ProcFs, ListsProcessesAndTheirChildren) {
    FakeTree host{{"proc/self", "-> 20"}, {"proc/version", "Linux"}, {"proc/4294967296/stat", ""}};
    host.add_process(100, 20, "/bin/c");
    host.add_process(1, 0, "/sbin/init");
    host.add_process(20, 1, "/bin/b");
    host.add_process(21, 1, "/bin/b");
    const ProcFs proc(host.proc());
    EXPECT_THAT(proc.pids(), ElementsAre(Pid{1}, Pid{20}, Pid{21}, Pid{100}));
    auto children = proc.children();
    EXPECT_THAT(children[Pid{1}], ElementsAre(Pid{20}, Pid{21}));
    EXPECT_THAT(children[Pid{20}], ElementsAre(Pid{100}));
    EXPECT_THAT(ProcFs(host.root() / "nothing").pids(), IsEmpty());
}

TEST(ProcFs, ReadsThisVeryProcess) {
    const ProcFs proc;
    const auto facts = proc.facts(Pid{static_cast<std::uint32_t>(getpid())});
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->parent, Pid{static_cast<std::uint32_t>(getppid())});
    EXPECT_EQ(facts->uid, Uid{getuid()});
    EXPECT_EQ(facts->executable, std::filesystem::read_symlink("/proc/self/exe").string());
    EXPECT_GT(facts->start_ticks, 0U);
    EXPECT_THAT(proc.mapped_files(facts->pid).value(), testing::Contains(facts->executable));
}

}  // namespace
}  // namespace footfall
