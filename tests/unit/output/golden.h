// Compares text with tests/unit/output/golden/<name>. With FOOTFALL_UPDATE_GOLDEN set, writes it there instead: read the
// diff.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/unit/support/scratch.h"

namespace footfall {

inline void expect_golden(const std::string& actual, const std::string& name) {
    const std::filesystem::path path = std::filesystem::path(__FILE__).parent_path() / "golden" / name;
    if (std::getenv("FOOTFALL_UPDATE_GOLDEN") != nullptr) write_contents(path.string(), actual);
    ASSERT_TRUE(std::filesystem::exists(path)) << path;
    EXPECT_EQ(actual, contents_of(path.string())) << path;
}

}  // namespace footfall
