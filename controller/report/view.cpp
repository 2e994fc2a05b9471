#include "controller/report/view.hpp"

#include "controller/report/markup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

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
    auto widths = widths_of(t);
    std::size_t all = 0;
    for (const auto w : widths) all += w + 2;
    constexpr std::size_t short_name = 12;
    const bool split = all > static_cast<std::size_t>(columns) && !widths.empty() && widths[0] > short_name;
    if (split) widths[0] = short_name;
    std::string text = t.title.empty() ? "" : t.title + "\n";
    const auto line = [&](const std::vector<std::string>& row) {
        std::string out;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i == 0 && row[0].size() > widths[0])
                out += "  " + row[0] + "\n  " + std::string(widths[0], ' ');
            else
                out +=
                    figure[i] ? fmt::format("  {:>{}}", row[i], widths[i]) : fmt::format("  {:<{}}", row[i], widths[i]);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        text += out + "\n";
    };
    line(t.columns);
    for (const auto& row : t.rows) line(row);
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
