// The keys of each section of a configuration, once: one visiting function a section, for reading,
// printing and listing.

#pragma once

#include <functional>

#include "config/config_visitor.hpp"
#include "nn/registry.hpp"
#include "run/run_config.hpp"

namespace cnn {

void visit(ConfigVisitor& visitor, DataConfig& data);
// config.training; what it may hold depends on other sections.
void visit_training(ConfigVisitor& visitor, RunConfig& config, ConfigText what);
void visit(ConfigVisitor& visitor, OutputConfig& output);

// How the names in a layer are judged; without checks, anything goes.
struct LayerChecks {
  TextCheck name;
  TextCheck from;
};
// Options of a layer: those that every layer has, and where its own stand, `own` is called.
void visit(ConfigVisitor& visitor, LayerSpec& spec, const LayerEntry& entry,
           const std::function<void()>& own, const LayerChecks& checks = {});

// The whole configuration; `network` visits the list of layers, which is not a map of options.
void visit(ConfigVisitor& visitor, RunConfig& config, ConfigText what,
           const std::function<void()>& network);

// A run's name is of letters, digits and these, and not "." or "..".
inline constexpr std::string_view kRunNameMarks = "_.-";
std::optional<Complaint> check_run_name(const std::string& name);
// "my-pets-" for "my pets!"; "run" where nothing is left.
std::string run_name(std::string text);

}  // namespace cnn
