#include "controller/report/view.hpp"

#include "controller/report/markup.hpp"
#include "controller/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <sstream>

namespace drainlab::report {
namespace {

bool is_figure(const std::string& text) {
    return text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) != 0 || text.front() == '-' ||
           text.front() == '.';
}

/// Figures stand to the right, words to the left.
std::vector<bool> figures_of(const view_table& t) {
    std::vector<bool> all(t.columns.size(), true);
    for (const auto& row : t.rows)
        for (std::size_t i = 0; i < row.size() && i < all.size(); ++i) all[i] = all[i] && is_figure(row[i]);
    if (!all.empty()) all[0] = false;
    return all;
}

std::vector<std::size_t> widths_of(const view_table& t) {
    std::vector<std::size_t> widths;
    for (const auto& c : t.columns) widths.push_back(c.size());
    for (const auto& row : t.rows)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    return widths;
}

std::vector<std::string> lines_of(const std::string& text, std::size_t width) {
    std::vector<std::string> lines;
    std::istringstream broken{wrapped(text, static_cast<int>(width), 0)};
    for (std::string line; std::getline(broken, line);) lines.push_back(line);
    return lines;
}

/// With the two blanks before each column.
std::size_t sum(const std::vector<std::size_t>& widths) {
    return std::accumulate(widths.begin(), widths.end(), 2 * widths.size());
}

/// Until the table has room: the column that can be narrowed most, as its words stand below each other, is narrowed.
std::vector<std::size_t> narrowed(const view_table& t, std::vector<std::size_t> widths, std::size_t room) {
    std::vector<std::size_t> least(widths.size(), 1);
    const auto words_of = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size() && i < least.size(); ++i) {
            std::istringstream words{row[i]};
            for (std::string word; words >> word;) least[i] = std::max(least[i], word.size());
        }
    };
    words_of(t.columns);
    for (const auto& row : t.rows) words_of(row);
    while (sum(widths) > room) {
        std::size_t most = 0;
        for (std::size_t i = 1; i < widths.size(); ++i)
            if (widths[i] - std::min(least[i], widths[i]) > widths[most] - std::min(least[most], widths[most]))
                most = i;
        if (widths.empty() || widths[most] <= least[most]) break;
        --widths[most];
    }
    for (std::size_t i = 0; i < widths.size(); ++i) {  // what the lines leave free is given back
        std::size_t used = 0;
        const auto measure = [&](const std::vector<std::string>& row) {
            if (i < row.size())
                for (const auto& line : lines_of(row[i], widths[i])) used = std::max(used, line.size());
        };
        measure(t.columns);
        for (const auto& row : t.rows) measure(row);
        widths[i] = used;
    }
    return widths;
}

/// In a cell of Markdown a bar ends the cell.
std::string markdown_cell(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '|' ? std::string{"\\|"} : c == '\n' ? std::string{" "} : std::string{c};
    return out;
}

}  // namespace

std::optional<view> view_of(const document& d) {
    if (d.race) return view_of(*d.race);
    if (d.mutants) return view_of(*d.mutants);
    if (d.lazy) return view_of(*d.lazy);
    if (d.churn) return view_of(*d.churn);
    return std::nullopt;
}

std::string to_text(const view_table& t, int columns) {
    const auto figure = figures_of(t);
    const auto room = static_cast<std::size_t>(columns);
    auto widths = narrowed(t, widths_of(t), room);
    constexpr std::size_t short_name = 12;
    if (sum(widths) > room && !widths.empty() && widths[0] > short_name) widths[0] = short_name;
    std::string text = t.title.empty() ? "" : t.title + "\n";
    const auto row_of = [&](std::vector<std::string> row) {
        if (!row.empty() && row[0].size() > widths[0] && row[0].find(' ') == std::string::npos) {
            text += "  " + row[0] + "\n";  // a long name stands above its row
            row[0].clear();
        }
        std::vector<std::vector<std::string>> cells;
        std::size_t height = 1;
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            cells.push_back(lines_of(row[i], widths[i]));
            height = std::max(height, cells.back().size());
        }
        for (std::size_t l = 0; l < height; ++l) {
            std::string out;
            for (std::size_t i = 0; i < cells.size(); ++i) {
                const auto& word = l < cells[i].size() ? cells[i][l] : std::string{};
                out += figure[i] ? fmt::format("  {:>{}}", word, widths[i]) : fmt::format("  {:<{}}", word, widths[i]);
            }
            out.erase(out.find_last_not_of(' ') + 1);
            text += out + "\n";
        }
    };
    row_of(t.columns);
    for (const auto& row : t.rows) row_of(row);
    return text;
}

std::string to_markdown(const view_table& t) {
    std::string text = t.title.empty() ? "" : "**" + t.title + "**\n\n";
    const auto figure = figures_of(t);
    text += "|";
    for (const auto& c : t.columns) text += " " + markdown_cell(c) + " |";
    text += "\n|";
    for (std::size_t i = 0; i < t.columns.size(); ++i) text += figure[i] ? "---:|" : "---|";
    text += "\n";
    for (const auto& row : t.rows) {
        text += "|";
        for (const auto& c : row) text += " " + markdown_cell(c) + " |";
        text += "\n";
    }
    return text;
}

std::string to_csv(const view_table& t) {
    std::string text;
    const auto line = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(row[i]);
        text += '\n';
    };
    line(t.columns);
    for (const auto& row : t.rows) line(row);
    return text;
}

std::string to_text(const view& v, const text_options& options) {
    std::string text;
    for (const auto& s : v.said) text += wrapped(s, options.columns) + "\n";
    if (!v.complete) text += "Incomplete: it was interrupted.\n";
    for (const auto& t : v.tables) text += "\n" + to_text(t, options.columns);
    for (const auto& p : v.told) {
        text += "\n" + wrapped(p.title, options.columns) + "\n";
        for (const auto& l : p.lines) text += wrapped("  " + l, options.columns, 6) + "\n";
    }
    return text;
}

std::string to_markdown(const view& v) {
    std::string text;
    for (const auto& s : v.said) text += "- " + s + "\n";
    if (!v.complete) text += "- **Incomplete**: it was interrupted.\n";
    for (const auto& t : v.tables) text += "\n" + to_markdown(t);
    for (const auto& p : v.told) {
        text += "\n**" + p.title + "**\n\n";
        for (const auto& l : p.lines) text += "- " + l + "\n";
    }
    return text;
}

}  // namespace drainlab::report
