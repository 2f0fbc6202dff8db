#include "agent/usage/method.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

TEST(Method, StandardMethodsKeepTheirNames) {
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}) {
        EXPECT_EQ(standard_method(method), method);
    }
}

TEST(Method, EverythingElseIsOther) {
    for (const char* method : {"", "get", "Get", "GETS", "PROPFIND", "_OTHER", "\x01\x02", "BREW"}) {
        EXPECT_EQ(standard_method(method), "_OTHER") << method;
    }
}

}  // namespace
}  // namespace footfall
