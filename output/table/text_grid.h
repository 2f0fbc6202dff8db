// Lays cells out in columns and makes them fit a width.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "output/table/terminal_text.h"

namespace footfall {

struct GridColumn {
    std::string title;
    bool numeric = false;       // right-aligned
    std::size_t narrowest = 0;  // may be shortened to this; 0: never shortened
    int rank = 0;               // left out before columns of a higher rank; 0: never left out
};

struct GridCell {
    std::string text;  // terminal-safe
    Tone tone = Tone::kPlain;
};

struct GridText {
    std::string text;                   // a line for the titles and one for each row
    std::vector<std::string> left_out;  // titles of the columns for which there was no room
};

// Every row has a cell for every column. Where style.width is too small, the last column that may be shortened is shortened
// first, then the one before it; then columns are left out until the rest fits.
[[nodiscard]] GridText grid_text(const std::vector<GridColumn>& columns, const std::vector<std::vector<GridCell>>& rows,
                                 const TerminalStyle& style);

}  // namespace footfall
