#include "agent/processes/command_name.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace footfall {
namespace {

std::string joined(std::initializer_list<std::string_view> arguments) {
    std::string text;
    for (const std::string_view argument : arguments) text.append(argument).push_back('\0');
    return text;
}

std::string name_of(std::string_view path, std::initializer_list<std::string_view> arguments) {
    const CommandName name = command_name(path, joined(arguments));
    return name.part.empty() ? name.program : name.program + "|" + name.part;
}

TEST(CommandName, IsTheProgramsFileName) {
    EXPECT_EQ(name_of("/usr/bin/convert", {"convert", "a.png", "b.png"}), "convert");
    EXPECT_EQ(name_of("./build.sh", {"/bin/sh", "./build.sh", "all"}), "build.sh");
    EXPECT_EQ(name_of("/bin/[", {"[", "-f", "x", "]"}), "[");
}

TEST(CommandName, HasTheSubCommandOfProgramsThatAreManyInOne) {
    EXPECT_EQ(name_of("/usr/bin/git", {"git", "status"}), "git|status");
    EXPECT_EQ(name_of("/usr/bin/git", {"git", "-C", "secrets", "--no-pager", "cat-file", "-p"}), "git|cat-file");
    EXPECT_EQ(name_of("/usr/bin/docker", {"docker", "--log-level=debug", "run", "--rm", "image"}), "docker|run");
    EXPECT_EQ(name_of("/usr/bin/kubectl", {"kubectl", "-n", "shop", "get", "pods"}), "kubectl|get");
    EXPECT_EQ(name_of("/usr/bin/pip3", {"pip3", "install", "x"}), "pip3|install");
    EXPECT_EQ(name_of("/usr/bin/git", {"git"}), "git");
    EXPECT_EQ(name_of("/usr/bin/git", {"git", "-C"}), "git");
}

TEST(CommandName, TakesNoValueForASubCommand) {
    EXPECT_EQ(name_of("/usr/bin/helm", {"helm", "--kube-token", "hunter2", "list"}), "helm");
    EXPECT_EQ(name_of("/usr/bin/git", {"git", "https://user:hunter2@host/x"}), "git");
    EXPECT_EQ(name_of("/usr/bin/git", {"git", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"}), "git");
    EXPECT_EQ(name_of("/usr/bin/ls", {"ls", "hunter2"}), "ls");
}

TEST(CommandName, HasTheScriptOrModuleThatAnInterpreterRuns) {
    EXPECT_EQ(name_of("/usr/bin/python3.11", {"python3.11", "/srv/backup.py", "--password", "hunter2"}),
              "python3.11|backup.py");
    EXPECT_EQ(name_of("/usr/bin/python3", {"python3", "-u", "tool.py"}), "python3|tool.py");
    EXPECT_EQ(name_of("/usr/bin/python3", {"python3", "-m", "http.server", "8000"}), "python3|-m http.server");
    EXPECT_EQ(name_of("/usr/bin/java", {"java", "-jar", "/opt/shop.jar"}), "java|-jar shop.jar");
    EXPECT_EQ(name_of("/bin/sh", {"sh", "-c", "echo hunter2"}), "sh");
    EXPECT_EQ(name_of("/usr/bin/perl", {"perl", "-e", "print 1.5"}), "perl");
    EXPECT_EQ(name_of("/bin/bash", {"bash", "-lc", "x/y"}), "bash");
    EXPECT_EQ(name_of("/bin/bash", {"bash", "word"}), "bash");
}

TEST(CommandName, NamesMadeByProgramsAreFew) {
    EXPECT_EQ(name_of("/tmp/9f8a7c6b5d4e3f2a", {"x"}), "{hash}");
    EXPECT_EQ(name_of("/proc/self/fd/7", {"x"}), "{id}");
    EXPECT_EQ(name_of("/bin/sh", {"sh", "/tmp/9f8a7c6b5d4e3f2a"}), "sh|{hash}");
}

TEST(CommandName, ArgumentsThatWereCutAreNotBelieved) {
    EXPECT_EQ(command_name("/usr/bin/git", std::string("git\0stat", 8)).part, "");
    EXPECT_EQ(command_name("/usr/bin/git", "").part, "");
    EXPECT_EQ(command_name("", "").program, "");
}

TEST(CommandName, AnInterpreterRunsTheScriptThatStandsFirst) {
    EXPECT_TRUE(runs_script(joined({"bash", "./a.sh", "x"}), "./a.sh"));
    EXPECT_TRUE(runs_script(joined({"perl", "-w", "./a.pl"}), "./a.pl"));
    EXPECT_FALSE(runs_script(joined({"./a.sh", "x"}), "./a.sh"));
    EXPECT_FALSE(runs_script(joined({"cp", "-a", "x", "./a.sh"}), "./a.sh"));
    EXPECT_FALSE(runs_script("", "./a.sh"));
}

}  // namespace
}  // namespace footfall
