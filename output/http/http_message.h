// What a request handler gets and gives. Plain values, with no trace of the library that serves them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace footfall {

struct HttpRequest {
    std::string path;
    std::string accept = {};                            // the header, or empty
    std::string accept_encoding = {};                   // the header, or empty
    std::map<std::string, std::string> arguments = {};  // of the query, decoded
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};  // besides Content-Type, -Length and -Encoding
};

// Runs on a thread of the server's, several at once, so it must get what it shows through something that is safe to call
// from there.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

}  // namespace footfall
