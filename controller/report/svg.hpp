// Small pieces of SVG: a drawing, scales, axes.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace drainlab::report {

/// From a value to a place; linear or logarithmic. `low` < `high`; a logarithmic one takes low > 0.
struct scale {
    double low = 0, high = 1, from = 0, to = 1;
    bool log = false;
    bool whole = false;  ///< of things that are counted: no tick between
    double at(double v) const;
    /// Round values within, for an axis: about `wanted` of them.
    std::vector<double> ticks(int wanted) const;
};

/// One drawing of `width` x `height` units with a title for those who cannot see it.
class drawing {
  public:
    drawing(std::string name, std::string title, double width, double height);

    /// Appends markup as it is.
    drawing& add(const std::string& markup);
    /// Text at a place; `how` are further attributes.
    drawing& text(double x, double y, const std::string& what, const std::string& how = "");
    drawing& line(double x1, double y1, double x2, double y2, const std::string& css);
    /// Ticks and grid lines along the bottom, in a group of class `css`.
    drawing& x_axis(const scale& s, double top, double bottom, const std::string& css, const std::string& unit);
    drawing& y_axis(const scale& s, double left, double right, const std::string& unit);

    const std::string& name() const noexcept { return name_; }
    /// The element for a page that has the style sheet.
    std::string markup() const;
    /// A file of its own, style sheet included.
    std::string file() const;

  private:
    std::string element(const std::string& style) const;
    std::string name_, title_, body_;
    double width_, height_;
};

/// "12.5", "0.002": a number for a label.
std::string short_number(double v);

}  // namespace drainlab::report
