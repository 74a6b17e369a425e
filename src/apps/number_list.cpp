#include "apps/number_list.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "cnn/error.hpp"

#include "base/text.hpp"

namespace cnn::app {
namespace {

class ListReader {
 public:
  ListReader(std::string_view option, std::string_view text, int most)
      : option_(option), text_(text), most_(most) {}

  std::vector<int> numbers() const {
    std::vector<int> numbers;
    std::string_view rest = text_;
    while (true) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      add(rest.substr(0, comma), numbers);
      if (comma == rest.size()) break;
      rest.remove_prefix(comma + 1);
    }
    std::ranges::sort(numbers);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
  }

 private:
  void add(std::string_view item, std::vector<int>& numbers) const {
    const std::size_t dash = item.find('-');
    if (dash == std::string_view::npos) {
      numbers.push_back(number(item));
      return;
    }
    const int first = number(item.substr(0, dash));
    const int last = number(item.substr(dash + 1));
    if (first > last) refuse();
    for (int n = first; n < last; ++n) {
      if (n == first || n <= kEach || (n & (n - 1)) == 0) numbers.push_back(n);
    }
    numbers.push_back(last);
  }

  int number(std::string_view digits) const {
    int value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || stop != end || value < 1 || value > most_) refuse();
    return value;
  }

  [[noreturn]] void refuse() const {
    throw ConfigError(std::string(option_) + ": error: expected numbers from 1 to " +
                      std::to_string(most_) + ", as 1-64 or 1,2,4, found " + in_quotes(text_));
  }

  std::string_view option_;
  std::string_view text_;
  int most_;
};

}  // namespace

std::vector<int> number_list(std::string_view option, std::string_view text, int most) {
  return ListReader(option, text, most).numbers();
}

}  // namespace cnn::app
