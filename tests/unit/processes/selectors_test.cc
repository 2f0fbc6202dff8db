#include "agent/processes/selectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/processes/fake_tree.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::string_literals;

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kOtherId(64, 'b');

std::vector<std::uint32_t> numbers(const std::vector<Pid>& pids) {
    std::vector<std::uint32_t> all;
    for (const Pid pid : pids) all.push_back(number(pid));
    return all;
}

// A host with nginx and its workers, a container, a login with a shell that runs footfall.
class SelectorsTest : public testing::Test {
protected:
    SelectorsTest() {
        tree.add_process(1, 0, "/usr/lib/systemd/systemd", "", "0::/init.scope\n");
        tree.add_process(2, 0, "");
        tree.add_process(100, 1, "/usr/sbin/nginx", "", "0::/system.slice/nginx.service\n");
        tree.add_process(101, 100, "/usr/sbin/nginx", "", "0::/system.slice/nginx.service\n", 33);
        tree.add_process(102, 101, "/bin/helper", "", "0::/system.slice/nginx.service/helper\n", 33);
        tree.add_process(200, 1, "/usr/bin/node", "", "0::/system.slice/docker-" + kId + ".scope\n", 1001);
        tree.add_process(300, 1, "/usr/bin/bash", "", "0::/user.slice/user-1000.slice/session-3.scope\n", 1000);
        tree.add_process(301, 300, "/usr/bin/footfall", "", "0::/user.slice/user-1000.slice/session-3.scope\n");
        tree.add_process(302, 301, "/usr/bin/curl", "", "0::/user.slice/user-1000.slice/session-3.scope\n");
    }

    HostView host() {
        HostView view(tree.root());
        view.own_pid = Pid{301};
        view.user_named = [](const std::string& name) { return name == "www-data" ? std::optional(Uid{33}) : std::nullopt; };
        return view;
    }

    Result<Watch> watch(const TargetSpec& spec) {
        const HostView view = host();
        return Selectors::resolve(spec, view).and_then([&](const Selectors& selectors) { return selectors.watch(view); });
    }

    std::vector<std::uint32_t> pids(const TargetSpec& spec) { return numbers(watch(spec).value().pids); }

    std::uint64_t inode(const std::string& path) {
        struct stat status {};
        EXPECT_EQ(stat((tree.root() / path).c_str(), &status), 0) << path;
        return status.st_ino;
    }

    FakeTree tree{
        {"proc/self/mountinfo",
         "22 1 0:20 / / rw - ext4 /dev/vda rw\n"
         "31 22 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"},
        {"proc/self/ns/cgroup", "-> cgroup:[4026531835]"},
        {"sys/fs/cgroup/system.slice/nginx.service/helper/", ""},
        {"sys/fs/cgroup/system.slice/docker-" + kId + ".scope/", ""},
        {"sys/fs/cgroup/system.slice/redis.service/", ""},
        {"var/lib/docker/containers/" + kId + "/config.v2.json", R"({"Config":{"Name":"no"},"Name":"/web"})"},
        {"etc/passwd", "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n"},
    };
};

TEST_F(SelectorsTest, NothingGivenIsTheWholeHost) {
    const auto all = watch({.ports = {80}}).value();
    EXPECT_TRUE(all.whole_host);
    EXPECT_THAT(all.pids, IsEmpty());
    EXPECT_THAT(all.ports, ElementsAre(80));
    EXPECT_TRUE(Selectors::resolve({}, host())->matches({}));
}

TEST_F(SelectorsTest, PidMeansItsDescendantsToo) {
    EXPECT_THAT(pids({.pids = {Pid{100}}}), ElementsAre(100, 101, 102));
    EXPECT_FALSE(watch({.pids = {Pid{100}}})->judge_executed);
}

TEST_F(SelectorsTest, NeverWatchesFootfallItselfButWhatItStarted) {
    EXPECT_THAT(pids({.pids = {Pid{300}}}), ElementsAre(300, 302));
    EXPECT_EQ(watch({.comms = {"footfall"}}).error().exit_code, ExitCode::kNoTarget);
}

TEST_F(SelectorsTest, NeverWatchesFootfallsHelpersWhateverMeansThem) {
    tree.add_process(303, 301, "/usr/bin/footfall", "", "0::/system.slice/nginx.service\n", 33);
    tree.add_process(304, 301, "", "", "0::/system.slice/nginx.service\n", 33);
    EXPECT_THAT(pids({.pids = {Pid{300}}}), ElementsAre(300, 302));
    EXPECT_THAT(pids({.users = {"www-data"}}), ElementsAre(101, 102));
    EXPECT_THAT(pids({.cgroups = {"/system.slice/nginx.service"}}), ElementsAre(100, 101, 102));
    EXPECT_EQ(watch({.executables = {"footfall"}}).error().exit_code, ExitCode::kNoTarget);
}

TEST_F(SelectorsTest, ACommandIsNotWatchedBeforeItExecutesWhateverElseMeansIt) {
    const auto alone = watch({.command = Pid{302}}).value();
    EXPECT_FALSE(alone.whole_host);
    EXPECT_THAT(alone.pids, IsEmpty());
    EXPECT_EQ(alone.command, Pid{302});
    EXPECT_THAT(pids({.pids = {Pid{300}}, .command = Pid{302}}), ElementsAre(300));
    const auto selectors = Selectors::resolve({.command = Pid{302}}, host()).value();
    EXPECT_TRUE(selectors.matches(host().processes.facts(Pid{302}).value()));
    EXPECT_FALSE(selectors.matches(host().processes.facts(Pid{300}).value()));
}

TEST_F(SelectorsTest, ExecutableGlobsAreOfTheNameOrOfThePath) {
    EXPECT_THAT(pids({.executables = {"ngin?"}}), ElementsAre(100, 101, 102));
    EXPECT_THAT(pids({.executables = {"/usr/bin/n*"}}), ElementsAre(200));
    EXPECT_TRUE(watch({.executables = {"nginx"}})->judge_executed);
}

TEST_F(SelectorsTest, SelectorsAddUp) {
    EXPECT_THAT(pids({.executables = {"node"}, .comms = {"hel*"}}), ElementsAre(102, 200));
}

TEST_F(SelectorsTest, UnitIsItsProcessesAndItsCgroup) {
    for (const char* unit : {"nginx", "nginx.service"}) {
        const auto nginx = watch({.units = {unit}}).value();
        EXPECT_THAT(numbers(nginx.pids), ElementsAre(100, 101, 102));
        EXPECT_THAT(nginx.cgroups, ElementsAre(CgroupId{inode("sys/fs/cgroup/system.slice/nginx.service"), 2}));
    }
}

TEST_F(SelectorsTest, ContainerIsFoundByNameAndByTheBeginningOfItsId) {
    for (const std::string& word : {"web"s, kId.substr(0, 12), kId}) {
        const auto web = watch({.containers = {word}}).value();
        EXPECT_THAT(numbers(web.pids), ElementsAre(200)) << word;
        EXPECT_THAT(web.cgroups, ElementsAre(CgroupId{inode("sys/fs/cgroup/system.slice/docker-" + kId + ".scope"), 2}));
    }
}

TEST_F(SelectorsTest, ContainerNamesOfPodmanAndKubernetesAreKnown) {
    tree.add_process(400, 1, "/bin/db", "", "0::/machine.slice/libpod-" + kOtherId + ".scope\n");
    tree.add("var/lib/containers/storage/overlay-containers/containers.json",
             R"([{"id":")" + kOtherId + R"(","names":["db"]},7,{"id":"x"}])");
    tree.add("var/log/containers/shop-0_default_app-" + kId + ".log", "");
    EXPECT_THAT(pids({.containers = {"db"}}), ElementsAre(400));
    EXPECT_THAT(pids({.containers = {"shop-0/app"}}), ElementsAre(200));
}

TEST_F(SelectorsTest, CgroupIsEverythingBelowIt) {
    for (const char* path :
         {"/system.slice/nginx.service", "system.slice/nginx.service/", "/sys/fs/cgroup/system.slice/nginx.service"})
        EXPECT_THAT(pids({.cgroups = {path}}), ElementsAre(100, 101, 102)) << path;
    EXPECT_THAT(pids({.cgroups = {"/system.slice/nginx.service/helper"}}), ElementsAre(102));
    const auto empty = watch({.cgroups = {"/system.slice/redis.service"}}).value();
    EXPECT_THAT(empty.pids, IsEmpty());
    EXPECT_EQ(empty.cgroups.size(), 1U);
    EXPECT_FALSE(empty.judge_executed);
}

TEST_F(SelectorsTest, CgroupIdsNeedTheHostsNamespace) {
    tree.remove("proc/self/ns/cgroup");
    tree.add("proc/self/ns/cgroup", "-> cgroup:[4026532999]");
    const auto nginx = watch({.cgroups = {"/system.slice/nginx.service"}}).value();
    EXPECT_THAT(nginx.cgroups, IsEmpty());
    EXPECT_THAT(numbers(nginx.pids), ElementsAre(100, 101, 102));
    EXPECT_TRUE(nginx.judge_executed);
}

TEST_F(SelectorsTest, HybridHostsHaveVersion2OnTheSide) {
    tree.add("proc/self/mountinfo",
             "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
             "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
             "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    tree.add("sys/fs/cgroup/systemd/system.slice/nginx.service/", "");
    tree.add("sys/fs/cgroup/unified/system.slice/db.service/", "");
    const CgroupTree cgroups(tree.root());
    EXPECT_EQ(cgroups.unified_mount(), "/sys/fs/cgroup/unified");
    EXPECT_TRUE(cgroups.exists("/system.slice/nginx.service"));
    EXPECT_EQ(cgroups.id_of("/system.slice/nginx.service"), std::nullopt);
    EXPECT_EQ(cgroups.id_of("/system.slice/db.service"),
              (CgroupId{inode("sys/fs/cgroup/unified/system.slice/db.service"), 2}));
    EXPECT_EQ(cgroups.id_of("/"), std::nullopt);
    EXPECT_FALSE(cgroups.exists("/../../.."));
}

TEST_F(SelectorsTest, UsersAreNamesOrNumbers) {
    for (const char* user : {"www-data", "33"}) {
        const auto watched = watch({.users = {user}}).value();
        EXPECT_THAT(numbers(watched.pids), ElementsAre(101, 102));
        EXPECT_THAT(watched.uids, ElementsAre(Uid{33}));
    }
}

TEST_F(SelectorsTest, PredicateJudgesProcessesThatComeLater) {
    const auto selectors = Selectors::resolve({.executables = {"nginx"}, .users = {"33"}}, host()).value();
    ProcessFacts later;
    later.executable = "/opt/nginx";
    EXPECT_TRUE(selectors.matches(later));
    later.executable = "/opt/apache2";
    EXPECT_FALSE(selectors.matches(later));
    later.uid = Uid{33};
    EXPECT_TRUE(selectors.matches(later));
}

TEST_F(SelectorsTest, SaysWhatIsThereWhereNothingMatches) {
    const auto pid = watch({.pids = {Pid{4242}}}).error();
    EXPECT_EQ(pid.exit_code, ExitCode::kNoTarget);
    EXPECT_EQ(pid.what, "no process has pid 4242");

    const auto executable = watch({.executables = {"ngnix"}}).error();
    EXPECT_EQ(executable.exit_code, ExitCode::kNoTarget);
    EXPECT_THAT(executable.what, HasSubstr("no executable matches 'ngnix'; running: nginx (100), "));
    EXPECT_EQ(executable.fix, "did you mean 'nginx'?");

    const auto unit = watch({.units = {"ngnix"}}).error();
    EXPECT_EQ(unit.what, "no running systemd unit is called 'ngnix'; running: nginx (100)");
    EXPECT_EQ(unit.fix, "did you mean 'nginx'?");

    const auto container = watch({.containers = {"wbe"}}).error();
    EXPECT_EQ(container.what, "no running container has the name or id 'wbe'; running: web (200)");

    const auto user = watch({.users = {"wwwdata"}}).error();
    EXPECT_EQ(user.exit_code, ExitCode::kNoTarget);
    EXPECT_EQ(user.what, "there is no user 'wwwdata'; there are: www-data, root");
    EXPECT_EQ(user.fix, "did you mean 'www-data'?");

    const auto cgroup = watch({.cgroups = {"system.slice/ngnix.service"}}).error();
    EXPECT_EQ(cgroup.exit_code, ExitCode::kNoTarget);
    EXPECT_THAT(cgroup.what,
                HasSubstr("there is no cgroup 'system.slice/ngnix.service'; there are: /system.slice/nginx.service"));
}

TEST_F(SelectorsTest, EachSelectorMustMeanSomething) {
    EXPECT_EQ(watch({.pids = {Pid{100}, Pid{4242}}}).error().what, "no process has pid 4242");
}

TEST_F(SelectorsTest, ErrorsCarryNoControlCharacters) {
    tree.add_process(500, 1, "/tmp/\x1b[31mx");
    const auto error = watch({.executables = {"\x1b[2J"}}).error();
    EXPECT_EQ(error.what.find('\x1b'), std::string::npos);
    EXPECT_EQ(error.fix.find('\x1b'), std::string::npos);
}

TEST_F(SelectorsTest, LongListsAreCut) {
    for (int i = 0; i < 20; ++i) tree.add_process(600 + i, 1, "/bin/tool" + std::to_string(i));
    EXPECT_THAT(watch({.executables = {"absent"}}).error().what, testing::EndsWith("and 21 more"));
}

}  // namespace
}  // namespace footfall
