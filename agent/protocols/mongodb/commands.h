// The commands that MongoDB's servers have or had (its manual, "Database Commands", and what drivers send besides). What is
// not among them may be anything, a typing error with a secret in it too, so it gets no name of its own.
#pragma once

#include <string_view>

namespace footfall::mongodb {

struct Command {
    std::string_view name;
    bool names_collection = false;  // its value, where that is a string: else that may be a user, a role, a parameter
};

// Null for what is no command.
const Command* find_command(std::string_view name);

}  // namespace footfall::mongodb
