// Names a program by its executable, and an interpreter by the script, module or class it runs as well. Reads command lines
// only as far as it takes to find that name: code given on the command line (-c, -e) and arguments never get into it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace footfall {

// "/usr/sbin/nginx" → "nginx"; "/usr/bin/python3.11" with -m http.server → "python3:http.server". Minor versions are
// left out of an interpreter's name, so that an upgrade does not make another service of it. A program that was started by
// another name of its file (redis-server is a link to redis-check-rdb) has that one: comm and the first argument agree on
// it.
std::string program_name(std::string_view executable, const std::vector<std::string>& arguments, std::string_view comm);

// What follows the last slash.
std::string_view base_name(std::string_view path);

}  // namespace footfall
