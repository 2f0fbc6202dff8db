#include "agent/processes/service_name.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/processes/cgroup_names.h"
#include "agent/processes/interpreters.h"

namespace footfall {
namespace {

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

ProcessFacts program(const std::string& executable, std::vector<std::string> arguments = {}) {
    ProcessFacts facts;
    facts.executable = executable;
    facts.arguments = std::move(arguments);
    return facts;
}

ProcessFacts in_cgroup(const std::string& path, const std::string& hierarchy = "") {
    ProcessFacts facts = program("/usr/bin/thing");
    facts.cgroups = {{hierarchy, path}};
    return facts;
}

TEST(ServiceName, PrefersWhatTheServiceDeclaresThenContainerThenUnitThenExecutable) {
    ProcessFacts facts = program("/usr/sbin/nginx");
    EXPECT_EQ(service_name(facts), "nginx");
    facts.cgroups = {{"", "/system.slice/web.service"}};
    EXPECT_EQ(service_name(facts), "web");
    facts.cgroups = {{"", "/docker/" + kId + "/system.slice/web.service"}};
    EXPECT_EQ(service_name(facts), "container:0123456789ab");
    facts.declared_service = "shop";
    EXPECT_EQ(service_name(facts), "shop");
}

TEST(ServiceName, IsTheNameThatTheProgramWasStartedByWhereItsFileHasSeveral) {
    ProcessFacts redis = program("/usr/bin/redis-check-rdb", {"redis-server 127.0.0.1:6379"});
    EXPECT_EQ(service_name(redis), "redis-check-rdb") << "arguments alone may say anything";
    redis.comm = "redis-server";
    EXPECT_EQ(service_name(redis), "redis-server");
    redis.arguments = {"/usr/bin/redis-server", "--port", "6379"};
    EXPECT_EQ(service_name(redis), "redis-server");
    redis.comm = "renamed";
    EXPECT_EQ(service_name(redis), "redis-check-rdb");

    ProcessFacts postgres = program("/usr/lib/postgresql/15/bin/postgres", {"postgres: checkpointer"});
    postgres.comm = "postgres";
    EXPECT_EQ(service_name(postgres), "postgres");
    ProcessFacts cut_short = program("/opt/multi", {"a-name-of-more-than-15"});
    cut_short.comm = "a-name-of-more-";
    EXPECT_EQ(service_name(cut_short), "a-name-of-more-than-15");
}

TEST(ServiceName, FallsBackToCommAndIsNeverEmpty) {
    ProcessFacts facts;
    facts.comm = "kworker/0:1";
    EXPECT_EQ(service_name(facts), "kworker/0:1");
    EXPECT_EQ(service_name({}), "unknown");
}

TEST(ServiceName, FindsContainersOfAllRuntimes) {
    const std::string prefixes[] = {"/docker/",
                                    "/system.slice/docker-",
                                    "/machine.slice/libpod-",
                                    "/libpod_parent/libpod-",
                                    "/kubepods/besteffort/pod7c2f/",
                                    "/kubepods.slice/kubepods-pod7c2f.slice/cri-containerd-",
                                    "/kubepods.slice/kubepods-pod7c2f.slice/crio-",
                                    "/kubepods-pod7c2f.slice:cri-containerd:"};
    for (const std::string& prefix : prefixes)
        for (const char* suffix : {"", ".scope", "/inner", ".scope/inner/deeper"})
            for (const char* hierarchy : {"", "memory", "name=systemd"})
                EXPECT_EQ(service_name(in_cgroup(prefix + kId + suffix, hierarchy)), "container:0123456789ab")
                    << prefix << suffix;
}

TEST(ServiceName, TakesTheInnermostContainer) {
    const std::string inner(64, 'f');
    EXPECT_EQ(service_name(in_cgroup("/docker/" + kId + "/kubelet/kubepods/pod1/" + inner)), "container:ffffffffffff");
}

TEST(ServiceName, IsNotFooledByWhatOnlyLooksLikeAContainer) {
    const std::string paths[] = {"/docker/" + kId.substr(1),       "/docker/" + kId + "0",
                                 "/docker/G" + kId.substr(1),      "/machine.slice/libpod-conmon-" + kId + ".scope",
                                 "/crio-conmon-" + kId + ".scope", "/user.slice/x" + kId};
    for (const std::string& path : paths) EXPECT_EQ(service_name(in_cgroup(path)), "thing") << path;
}

TEST(ServiceName, FindsSystemdServicesAndNoLogins) {
    const std::pair<const char*, const char*> cases[] = {
        {"/system.slice/nginx.service", "nginx"},
        {"/system.slice/nginx.service/worker-1", "nginx"},
        {"/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main"},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service", "sync"},
        {"/user.slice/user-1000.slice/user@1000.service/init.scope", "thing"},
        {"/user.slice/user-1000.slice/user@1000.service", "thing"},
        {"/user.slice/user-1000.slice/session-3.scope", "thing"},
        {"/init.scope", "thing"},
        {"/.service", "thing"},
        {"/", "thing"},
    };
    for (const auto& [path, name] : cases) {
        EXPECT_EQ(service_name(in_cgroup(path)), name) << path;
        EXPECT_EQ(service_name(in_cgroup(path, "name=systemd")), name) << path;
        EXPECT_EQ(service_name(in_cgroup(path, "cpu,cpuacct")), "thing") << path;
    }
}

TEST(ServiceName, TrustsTheHierarchyThatSystemdKeepsOnHybridHosts) {
    ProcessFacts facts = program("/bin/x");
    facts.cgroups = {{"name=systemd", "/system.slice/db.service"}, {"", "/"}};
    EXPECT_EQ(service_name(facts), "db");
}

TEST(ServiceName, NamesAnInterpreterWithWhatItRuns) {
    const std::tuple<const char*, std::vector<std::string>, const char*> cases[] = {
        {"/usr/bin/python3.11", {"python3", "-m", "http.server", "8000"}, "python3:http.server"},
        {"/usr/bin/python3.11", {"python3", "-um", "http.server"}, "python3:http.server"},
        {"/usr/bin/python3.11", {"python3", "-mhttp.server"}, "python3:http.server"},
        {"/usr/bin/python3.11", {"python3", "-X", "dev", "-Werror", "/srv/app/main.py", "--port=1"}, "python3:main.py"},
        {"/usr/bin/python3.11", {"/usr/bin/python3", "/usr/bin/gunicorn", "shop:app"}, "python3:gunicorn"},
        {"/usr/bin/python3.11", {"python3", "-c", "password='secret'"}, "python3"},
        {"/usr/bin/python3.11", {"python3", "-Ic", "print(1)"}, "python3"},
        {"/usr/bin/python3.11", {"python3", "-m"}, "python3"},
        {"/usr/bin/python3.11", {"python3"}, "python3"},
        {"/usr/bin/python3.11", {}, "python3"},
        {"/usr/bin/python3.11", {"python3", "-"}, "python3"},
        {"/usr/bin/python3.11", {"gunicorn: master [shop]"}, "python3"},
        {"/opt/python/bin/python", {"python", "x.py"}, "python:x.py"},
        {"/usr/bin/node", {"node", "--inspect", "-r", "dotenv/config", "app.js"}, "node:app.js"},
        {"/usr/bin/node", {"node", "--require", "./trace.js", "server/"}, "node:server"},
        {"/usr/bin/node", {"node", "-e", "secret()"}, "node"},
        {"/usr/bin/node", {"node", "--eval=secret()"}, "node"},
        {"/usr/bin/ruby3.1", {"ruby", "-rbundler/setup", "-W0", "bin/puma"}, "ruby:puma"},
        {"/usr/bin/perl", {"perl", "-wT", "-MList::Util=first", "-I", "lib", "cgi.pl"}, "perl:cgi.pl"},
        {"/usr/bin/perl", {"perl", "-we", "secret()"}, "perl"},
        {"/usr/bin/php8.2", {"php", "-S", "127.0.0.1:8000", "router.php"}, "php:router.php"},
        {"/usr/bin/php8.2", {"php", "-d", "x=1", "-f", "job.php"}, "php:job.php"},
        {"/usr/sbin/php-fpm8.2", {"php-fpm: pool www"}, "php-fpm8.2"},
        {"/usr/bin/bash", {"bash", "-euo", "pipefail", "/opt/run.sh", "arg"}, "bash:run.sh"},
        {"/usr/bin/bash", {"-bash"}, "bash"},
        {"/usr/bin/dash", {"sh", "-ec", "secret"}, "dash"},
        {"/usr/bin/dash", {"sh", "--", "-odd.sh"}, "dash:-odd.sh"},
        {"/usr/lib/jvm/java-17/bin/java", {"java", "-Xmx1g", "-jar", "/srv/shop.jar", "--port=1"}, "java:shop.jar"},
        {"/usr/lib/jvm/java-17/bin/java", {"java", "-cp", "a.jar:b.jar", "-Dx=y", "kafka.Kafka", "x"}, "java:kafka.Kafka"},
        {"/usr/lib/jvm/java-17/bin/java", {"java", "@args", "-m", "shop/com.shop.Main"}, "java:com.shop.Main"},
        {"/usr/lib/jvm/java-17/bin/java", {"java", "-version"}, "java"},
        {"/usr/sbin/nginx", {"nginx: worker process"}, "nginx"},
        {"/usr/bin/pythonista", {"pythonista", "x.py"}, "pythonista"},
        {"/memfd:loader", {"loader"}, "memfd:loader"},
    };
    for (const auto& [executable, arguments, name] : cases) {
        EXPECT_EQ(service_name(program(executable, arguments)), name)
            << executable << " " << testing::PrintToString(arguments);
    }
}

TEST(ServiceName, IsPrintableWhateverItWasMadeOf) {
    EXPECT_EQ(printable_name("evil\x1b[2J\n\x7f"), "evil?[2J??");
    EXPECT_EQ(printable_name("caf\u00e9-\u6f22-\U0001F600"), "caf\u00e9-\u6f22-\U0001F600");
    EXPECT_EQ(printable_name("\xff\xc0\xaf\xed\xa0\x80\xf5"), "???????");
    EXPECT_EQ(printable_name("cut\xe6\xbc"), "cut??");
    EXPECT_EQ(printable_name("a\u009bb\u202ec\u2066d\u2028e"), "a?b?c?d?e");
    EXPECT_EQ(service_name(program("/opt/\x1b]0;x\a")), "?]0;x?");
}

TEST(ServiceName, IsCutWithoutBreakingACharacter) {
    EXPECT_EQ(service_name(program("/" + std::string(300, 'x'))), std::string(kMaxServiceName, 'x'));
    EXPECT_EQ(printable_name(std::string(127, 'x') + "\u00e9"), std::string(127, 'x'));
    EXPECT_EQ(printable_name(std::string(126, 'x') + "\u00e9"), std::string(126, 'x') + "\u00e9");
}

TEST(ServiceName, SurvivesAnyBytes) {
    std::uint32_t state = 1;
    for (int i = 0; i < 20000; ++i) {
        std::string bytes;
        for (int j = 0; j < 40; ++j) bytes.push_back(static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U));
        const std::string name = printable_name(bytes);
        ASSERT_LE(name.size(), kMaxServiceName);
        ASSERT_EQ(printable_name(name), name);
        ASSERT_TRUE(std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
    }
}

TEST(UnitPath, EndsAtTheNamedUnit) {
    const std::vector<CgroupMembership> cgroups{{"", "/user.slice/user-1000.slice/user@1000.service/app.slice/a.service/x"}};
    EXPECT_EQ(path_of_unit(cgroups, "a"), "/user.slice/user-1000.slice/user@1000.service/app.slice/a.service");
    EXPECT_EQ(path_of_unit(cgroups, "a.service"), "/user.slice/user-1000.slice/user@1000.service/app.slice/a.service");
    EXPECT_EQ(path_of_unit(cgroups, "user-1000.slice"), "/user.slice/user-1000.slice");
    EXPECT_EQ(path_of_unit(cgroups, "b"), std::nullopt);
    EXPECT_EQ(path_of_unit(cgroups, "x"), std::nullopt);
}

TEST(BaseName, IsWhatFollowsTheLastSlash) {
    EXPECT_EQ(base_name("/usr/sbin/nginx"), "nginx");
    EXPECT_EQ(base_name("dir/"), "dir");
    EXPECT_EQ(base_name("/"), "/");
    EXPECT_EQ(base_name("//"), "/");
    EXPECT_EQ(base_name(""), "");
}

}  // namespace
}  // namespace footfall
