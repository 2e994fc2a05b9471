// One line of the protocol: a flat JSON object, built without a library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::guest {

/// `json_line("sample").number("i", 3).text("scenario", "own_churn").str()` is
/// `{"what":"sample","i":3,"scenario":"own_churn"}`. Text is escaped; bytes outside ASCII become '?'.
class json_line {
  public:
    explicit json_line(std::string_view what) { text("what", what); }

    json_line& number(std::string_view key, std::int64_t value);
    json_line& boolean(std::string_view key, bool value);
    json_line& text(std::string_view key, std::string_view value);
    json_line& texts(std::string_view key, const std::vector<std::string>& values);

    std::string str() const { return "{" + body_ + "}"; }

  private:
    void key(std::string_view name);
    std::string body_;
};

}  // namespace drainlab::guest
