#include "output/http/landing_page.h"

namespace footfall {
namespace {

std::string html_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace

HttpResponse landing_page(std::string_view version, const std::vector<LandingLink>& links) {
    std::string body =
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>footfall</title></head>\n<body>\n"
        "<h1>footfall</h1>\n<p>What is used on this host, by whom, how often and how fast.</p>\n<ul>\n";
    for (const LandingLink& link : links) {
        body += "<li><a href=\"" + html_escaped(link.path) + "\">" + html_escaped(link.title) + "</a></li>\n";
    }
    body += "</ul>\n<p>Version " + html_escaped(version) + "</p>\n</body>\n</html>\n";
    return {.status = 200,
            .content_type = "text/html; charset=utf-8",
            .body = std::move(body),
            .headers = {{"Content-Security-Policy", "default-src 'none'"}}};
}

}  // namespace footfall
