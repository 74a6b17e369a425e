#include "run/config_schema.hpp"

#include <memory>

#include "config/schema_printer.hpp"
#include "nn/registry.hpp"
#include "run/config_reference.hpp"
#include "run/config_sections.hpp"

namespace cnn {
namespace {

using Json = SchemaPrinter::Json;

// Options of a layer that takes several inputs: it has to name them.
void require_inputs(Json& options, std::size_t inputs) {
  options["required"].push_back("from");
  options["type"] = "object";
  Json& list = options["properties"]["from"];
  const Json text = list["anyOf"][0];
  list.erase("anyOf");
  list.update({{"type", "array"}, {"items", text}, {"minItems", inputs}});
}

Json layer_schema(const KeyReference& reference, const LayerEntry& entry) {
  LayerSpec spec;
  const std::unique_ptr<Layer> layer = entry.make();
  const SchemaPrinter printer(reference, std::string(entry.type), "Every layer");
  Json options = printer.map([&](ConfigVisitor& visitor) {
    visit(visitor, spec, entry, [&] { layer->options(visitor); });
  });
  if (entry.example_inputs > 1) require_inputs(options, entry.example_inputs);
  Json schema = {{"description", reference.about(entry.type)}};
  schema.update(options);
  return schema;
}

// A type alone, or one type with its options.
Json network_schema(const KeyReference& reference) {
  Json alone = Json::array(), types = Json::object();
  for (const LayerEntry& entry : layer_entries()) {
    const std::string type(entry.type);
    types[type] = layer_schema(reference, entry);
    if (!types[type].contains("required")) alone.push_back(type);
  }
  const Json map = {{"type", "object"},
                    {"additionalProperties", false},
                    {"minProperties", 1},
                    {"maxProperties", 1},
                    {"properties", types}};
  const KeyReference::Row* const row = reference.find("Top level", "network");
  return {{"description", row->meaning},
          {"type", "array"},
          {"minItems", 1},
          {"items", {{"anyOf", Json::array({{{"enum", alone}}, map})}}}};
}

}  // namespace

std::string config_schema() {
  const KeyReference reference(kConfigReference);
  RunConfig config;
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}};
  schema.update(SchemaPrinter(reference, "", "Top level").plain_map([&](ConfigVisitor& visitor) {
    visit(visitor, config, ConfigText::complete, [&] {
      static_cast<SchemaPrinter&>(visitor).add("network", network_schema(reference),
                                               Presence::required);
      // With a validation set, all keys of training have a meaning.
      config.data.validation = 1;
    });
  }));
  return schema.dump(2) + "\n";
}

}  // namespace cnn
