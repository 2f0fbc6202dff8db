// Text that is safe and measurable on a terminal. Names come from traffic that anyone may send, and a terminal obeys what it
// is sent: control characters would move the cursor, recolour the screen or type commands, and bidirectional ones would
// reorder a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace footfall {

// The text with everything that a terminal would obey or not show made visible: control and bidirectional characters, line
// separators and invisible ones as \xNN or \u{NNNN}, bytes that are not UTF-8 as U+FFFD.
[[nodiscard]] std::string terminal_safe(std::string_view text);

// Columns that terminal-safe text takes: combining marks none, East Asian wide characters and emoji two.
[[nodiscard]] std::size_t display_width(std::string_view text);

// At most `width` columns of terminal-safe text; what was cut is marked with "…".
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

struct TerminalStyle {
    std::size_t width = 0;  // columns; 0: as many as it takes
    bool colour = false;

    // What suits the file descriptor: its width and colour if it is a terminal, neither if not. No colour either if NO_COLOR
    // is set to something or TERM is "dumb".
    static TerminalStyle of(int fd);
};

enum class Tone { kPlain, kHeading, kQuiet, kAlarm };
[[nodiscard]] std::string toned(std::string_view text, Tone tone, const TerminalStyle& style);

}  // namespace footfall
