// SPDX-License-Identifier: Apache-2.0
#include "tests/support/recipes.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "host/data/fields/field.hpp"
#include "host/engine/caches.hpp"
#include "host/engine/device/device.hpp"
#include "host/engine/tables.hpp"
#include "host/registry/core_api.hpp"

namespace weft::test {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "weft-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::filesystem::remove_all(folder_);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

std::string small_recipe() {
  return R"({
  "format": 2, "name": "small", "seed": 3,
  "data": {"av": {
    "shards": {"train": [")" WEFT_SOURCE_DIR R"(/examples/digits/digits-av-val-000.tar"],
               "test": [")" WEFT_SOURCE_DIR R"(/examples/digits/digits-av-test-000.tar"]},
    "fields": {
      "picture": {"kind": "image", "member": "png", "size": [28, 28]},
      "label": {"kind": "class", "member": "cls", "classes": ["0","1","2","3","4","5","6","7","8","9"]}}}},
  "graph": {
    "vision": {"use": "encoder.vit", "in": {"image": "batch.picture"},
      "config": {"height": 28, "width": 28, "channels": 1, "patch": 7, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32, "dropout": 0.0}},
    "digit": {"use": "decoder.classifier", "in": {"state": "vision.tokens"},
      "config": {"dim": 16, "classes": 10, "dropout": 0.0}}},
  "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
  "metrics": {"accuracy": {"use": "metric.accuracy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
  "stages": [{"name": "fit", "data": "av", "steps": 4, "batch_size": 12, "losses": {"ce": 1.0},
              "optimizer": {"lr": 0.01}, "schedule": {"warmup": 2}}],
  "evaluate": {"data": "av", "split": "test", "batch_size": 50, "metrics": ["accuracy"], "group_by": "/speaker"}
})";
}

std::string answering_recipe() {
  return R"({
  "format": 2, "name": "small", "seed": 5,
  "data": {"qa": {
    "shards": {"train": [")" WEFT_SOURCE_DIR R"(/examples/digits/digits-qa-test-000.tar"]},
    "explode": "/questions",
    "tokenizer": {"type": "char", "vocab_size": 64, "from": ["/answer"]},
    "fields": {
      "picture": {"kind": "image", "member": "png", "size": [28, 28]},
      "answer": {"kind": "text", "pointer": "/answer", "max_length": 6, "bos": true, "eos": true}}}},
  "graph": {
    "vision": {"use": "encoder.vit", "in": {"image": "batch.picture"},
      "config": {"height": 28, "width": 28, "channels": 1, "patch": 7, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}},
    "answer": {"use": "decoder.autoregressive", "in": {"state": "vision.tokens", "target": "batch.answer"},
      "config": {"vocab_size": 64, "max_length": 12, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}}},
  "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "answer.logits", "target": "batch.answer"}, "config": {"next_token": true}}},
  "stages": [{"name": "fit", "data": "qa", "steps": 1, "batch_size": 4, "losses": {"ce": 1.0}, "optimizer": {"lr": 0.01}}]
})";
}

host::Recipe read_text(const std::string& text, const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  return host::read_recipe(folder.write("recipe.json", text), overrides);
}

host::Registry parts_in(const std::vector<std::filesystem::path>& folders) {
  host::set_error_sink(host::core_api());
  host::offer_extension(WEFT_DRAFT_SEQUENCE, host::sequence_api());
  host::offer_extension(WEFT_DRAFT_DEVICE, host::device_api());
  return host::Registry(
      folders, {host::tensor_api(), host::op_api(), host::grad_api(), host::migration_api()});
}

const host::Registry& shipped_parts() {
  static const host::Registry registry = parts_in(host::default_search_path());
  return registry;
}

host::Wiring wire(const host::Recipe& recipe) {
  std::map<std::string, std::vector<host::FieldSpec>> fields;
  for (const host::DataPlan& data : recipe.data) fields[data.name] = host::field_specs(data.config);
  return host::Wiring(recipe, shipped_parts(), fields);
}

}  // namespace weft::test
