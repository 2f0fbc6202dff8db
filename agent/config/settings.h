// The one list of single-valued settings: the file's keys, the flags and their help are all made of it.
#pragma once

#include <span>
#include <string_view>

#include "agent/base/result.h"
#include "agent/config/config.h"

namespace footfall {

struct Setting {
    std::string_view name;   // SECTION.KEY
    std::string_view value;  // what a value looks like: "SIZE"
    std::string_view help;
    Result<void> (*set)(std::string_view text, Config& config);  // fails with what is wrong with the text
    std::string_view short_names = {};                           // of the flag, beside --SECTION.KEY: "-F,--frequency"
    bool list = false;  // in the file, it may be a list; its items come as one text, with spaces between them
};

[[nodiscard]] std::span<const Setting> settings();

// null where there is none of that name.
[[nodiscard]] const Setting* find_setting(std::string_view name);

}  // namespace footfall
