// OptionPrinter and OptionLister: what prints a component's values as YAML, and the visitor that
// lists its keys.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config_visitor.hpp"

namespace cnn {

// A text as YAML: as it is where nobody could read it as anything else, otherwise in double quotes.
std::string yaml_text(std::string_view text);
// Always in double quotes.
std::string yaml_quoted(std::string_view text);

// Visits options, or has them described, and keeps "key: value" of each, defaults included.
class OptionPrinter final : public ConfigVisitor, public OptionSink {
 public:
  // How nested sections are printed: "key: {a: 1}" or as indented lines.
  enum class Sections { flow, block };
  explicit OptionPrinter(Sections sections = Sections::flow) : sections_(sections) {}

  void option(const OptionState& state) override;
  void integer(std::string_view key, std::int64_t& value, Bounds bounds,
               Presence presence) override;
  void real(std::string_view key, double& value, Bounds bounds, Presence presence) override;
  using ConfigVisitor::real;
  void size2(std::string_view key, Size2& value, Bounds bounds, Presence presence) override;
  void boolean(std::string_view key, bool& value) override;
  void one_of(std::string_view key, std::size_t& index, std::span<const std::string_view> names,
              Presence presence) override;
  bool wants(std::string_view key, bool is_set) override;
  bool has_number(std::string_view, bool is_number) override { return is_number; }
  void text(std::string_view key, std::string& value, const TextCheck& check,
            Presence presence) override;
  // Left out if empty; the items of a real list are always in quotes.
  void texts(std::string_view key, std::vector<std::string>& values, bool one_will_do,
             const TextCheck& check) override;
  void path(std::string_view key, std::filesystem::path& value, Presence presence) override;
  void integer_or(std::string_view key, std::int64_t& value, Bounds bounds, std::string_view word,
                  std::int64_t word_value) override;
  void range(std::string_view key, std::array<double, 2>& value, Bounds bounds,
             Presence presence) override;
  void numbers(std::string_view key, std::vector<std::pair<std::string, double>>& values,
               Bounds bounds, std::string_view word, bool& is_word) override;
  void section(std::string_view key, std::string_view short_form, const Visit& visit,
               Presence presence) override;
  void exclusive(std::string_view, const std::vector<std::string_view>&) override {}
  void rule_out(std::string_view, std::string_view, const Complaint&) override {}
  void needs_one_of(const std::vector<std::string_view>&) override {}

  // Adds what is no option, as YAML; in block form only.
  void add_lines(std::string lines);

  // "{key: value, key: value}"
  std::string flow() const;
  // One line per entry, after `indent`.
  std::string block(std::string_view indent) const;

 private:
  void add(std::string_view key, std::string_view value);

  Sections sections_;
  std::vector<std::string> entries_;
};

// Visits options and keeps their keys, those of nested sections as "training.schedule.gamma".
class OptionLister final : public ConfigVisitor {
 public:
  explicit OptionLister(std::string prefix = {}) : prefix_(std::move(prefix)) {}

  const std::vector<std::string>& keys() const { return keys_; }

  void integer(std::string_view key, std::int64_t&, Bounds, Presence) override { add(key); }
  void real(std::string_view key, double&, Bounds, Presence) override { add(key); }
  using ConfigVisitor::real;
  void size2(std::string_view key, Size2&, Bounds, Presence) override { add(key); }
  void boolean(std::string_view key, bool&) override { add(key); }
  void one_of(std::string_view key, std::size_t&, std::span<const std::string_view>,
              Presence) override {
    add(key);
  }
  bool wants(std::string_view, bool) override { return true; }
  bool has_number(std::string_view, bool is_number) override { return is_number; }
  void text(std::string_view key, std::string&, const TextCheck&, Presence) override { add(key); }
  void texts(std::string_view key, std::vector<std::string>&, bool, const TextCheck&) override {
    add(key);
  }
  void path(std::string_view key, std::filesystem::path&, Presence) override { add(key); }
  void integer_or(std::string_view key, std::int64_t&, Bounds, std::string_view,
                  std::int64_t) override {
    add(key);
  }
  void range(std::string_view key, std::array<double, 2>&, Bounds, Presence) override { add(key); }
  void numbers(std::string_view key, std::vector<std::pair<std::string, double>>&, Bounds,
               std::string_view, bool&) override {
    add(key);
  }
  void section(std::string_view key, std::string_view short_form, const Visit& visit,
               Presence presence) override;
  void exclusive(std::string_view, const std::vector<std::string_view>&) override {}
  void rule_out(std::string_view key, std::string_view, const Complaint&) override { add(key); }
  void needs_one_of(const std::vector<std::string_view>&) override {}

 private:
  void add(std::string_view key) { keys_.push_back(prefix_ + std::string(key)); }

  std::string prefix_;  // "training.schedule."
  std::vector<std::string> keys_;
};

}  // namespace cnn
