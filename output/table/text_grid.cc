#include "output/table/text_grid.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace footfall {
namespace {

constexpr std::size_t kGap = 2;

struct Layout {
    std::vector<std::size_t> shown;   // indexes of columns
    std::vector<std::size_t> widths;  // of every column, shown or not

    [[nodiscard]] std::size_t total() const {
        std::size_t sum = shown.empty() ? 0 : kGap * (shown.size() - 1);
        for (const std::size_t column : shown) sum += widths[column];
        return sum;
    }
};

std::vector<std::size_t> natural_widths(const std::vector<GridColumn>& columns,
                                        const std::vector<std::vector<GridCell>>& rows) {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::size_t width = display_width(columns[i].title);
        for (const auto& row : rows) width = std::max(width, display_width(row[i].text));
        widths.push_back(width);
    }
    return widths;
}

void shrink(Layout& layout, const std::vector<GridColumn>& columns, std::size_t available) {
    for (auto column = layout.shown.rbegin(); column != layout.shown.rend(); ++column) {
        const std::size_t narrowest = columns[*column].narrowest;
        std::size_t& width = layout.widths[*column];
        const std::size_t total = layout.total();
        if (total <= available) return;
        if (narrowest != 0 && width > narrowest) width = std::max(narrowest, width - std::min(width, total - available));
    }
}

std::optional<std::size_t> least_important(const std::vector<std::size_t>& shown, const std::vector<GridColumn>& columns) {
    std::optional<std::size_t> least;
    for (const std::size_t column : shown) {
        const int rank = columns[column].rank;
        if (rank != 0 && (!least || rank < columns[*least].rank)) least = column;
    }
    return least;
}

Layout fit(const std::vector<GridColumn>& columns, const std::vector<std::size_t>& natural, std::size_t available) {
    Layout layout{std::vector<std::size_t>(columns.size()), natural};
    std::iota(layout.shown.begin(), layout.shown.end(), std::size_t{0});
    if (available == 0) return layout;
    while (true) {
        layout.widths = natural;
        shrink(layout, columns, available);
        const auto least = least_important(layout.shown, columns);
        if (layout.total() <= available || !least) return layout;
        std::erase(layout.shown, *least);
    }
}

std::string without_trailing_spaces(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

// Colour goes around the text only, so that padding stays outside and a line's trailing spaces can be cut.
std::string cell_text(const GridCell& cell, const GridColumn& column, std::size_t width, const TerminalStyle& style) {
    const std::string text = shortened(cell.text, width);
    const std::size_t taken = display_width(text);
    const std::string padding(taken < width ? width - taken : 0, ' ');
    const std::string shown = toned(text, cell.tone, style);
    return column.numeric ? padding + shown : shown + padding;
}

std::string line_text(const std::vector<GridCell>& row, const std::vector<GridColumn>& columns, const Layout& layout,
                      const TerminalStyle& style) {
    std::string line;
    for (const std::size_t column : layout.shown) {
        if (!line.empty()) line.append(kGap, ' ');
        line += cell_text(row[column], columns[column], layout.widths[column], style);
    }
    return without_trailing_spaces(line) + "\n";
}

}  // namespace

GridText grid_text(const std::vector<GridColumn>& columns, const std::vector<std::vector<GridCell>>& rows,
                   const TerminalStyle& style) {
    const Layout layout = fit(columns, natural_widths(columns, rows), style.width);
    std::vector<GridCell> titles;
    titles.reserve(columns.size());
    for (const GridColumn& column : columns) titles.push_back({column.title, Tone::kHeading});

    GridText out{line_text(titles, columns, layout, style), {}};
    for (const auto& row : rows) out.text += line_text(row, columns, layout, style);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const bool shown = std::find(layout.shown.begin(), layout.shown.end(), i) != layout.shown.end();
        if (!shown) out.left_out.push_back(columns[i].title);
    }
    return out;
}

}  // namespace footfall
