// SPDX-License-Identifier: Apache-2.0
/// `weft doctor --chaos`: ranks whose rows have other modalities in every step.

#include "host/command/chaos.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/random.hpp"
#include "host/base/temporary_folder.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/launch.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int k_ranks = 3;
constexpr int k_samples = 240, k_features = 6;
const std::vector<std::string> k_modalities = {"picture", "sound", "touch"};

/// Each row has each modality with probability 0.3: a rank's two rows often lack one.
std::string samples() {
  RandomSequence random{17};
  std::string lines;
  for (int i = 0; i < k_samples; ++i) {
    Json values{{"label", static_cast<int>(random.below(4))}};
    for (const std::string& name : k_modalities) {
      Json features = Json::array();
      for (int f = 0; f < k_features; ++f)
        features.push_back(static_cast<double>(random.below(1000)) / 1000.0);
      if (random.below(10) < 3) values[name] = features;
    }
    lines += Json{{"key", concat("s", i)}, {"json", values}}.dump() + "\n";
  }
  return lines;
}

std::string recipe(std::int64_t steps) {
  Json fields{{"label", {{"kind", "class"}, {"pointer", "/label"}, {"classes", 4}}}};
  Json graph = Json::object(), losses = Json::object(), streams = Json::array();
  for (const std::string& name : k_modalities) {
    fields[name] = {
        {"kind", "array"}, {"pointer", "/" + name}, {"shape", {k_features}}, {"optional", true}};
    const std::string present = "batch." + name + "_present";
    graph["see_" + name] = {{"use", "encoder.mlp"},
                            {"in", "batch." + name},
                            {"config", {{"hidden", {16}}, {"dropout", 0.1}}}};
    graph["or_" + name] = {{"use", "encoder.absent"},
                           {"in", {{"tokens", "see_" + name}, {"present", present}}}};
    graph["say_" + name] = {
        {"use", "decoder.classifier"}, {"in", "see_" + name}, {"config", {{"classes", 4}}}};
    losses["of_" + name] = {
        {"use", "loss.cross_entropy"},
        {"in", {{"logits", "say_" + name}, {"target", "batch.label"}, {"present", present}}}};
    streams.push_back("or_" + name);
  }
  graph["all"] = {{"use", "fusion.mean"}, {"in", streams}};
  graph["say"] = {{"use", "decoder.classifier"}, {"in", "all"}, {"config", {{"classes", 4}}}};
  losses["of_all"] = {{"use", "loss.cross_entropy"},
                      {"in", {{"logits", "say"}, {"target", "batch.label"}}}};
  Json stage{{"name", "chaos"},
             {"data", "rows"},
             {"steps", steps},
             {"batch_size", 2 * k_ranks},
             {"grad_accumulation", k_ranks},
             {"losses", Json::array()},
             {"optimizer", {{"lr", 0.001}}},
             {"clip_norm", 1},
             {"save_every", 0}};
  for (const auto& [name, loss] : losses.items()) stage["losses"].push_back(name);
  return Json{
      {"format", 2},
      {"name", "chaos"},
      {"seed", 17},
      {"threads", 1},
      {"defaults", {{"config", {{"dim", 16}}}}},
      {"data", {{"rows", {{"shards", {{"train", {"samples.jsonl"}}}}, {"fields", fields}}}}},
      {"graph", graph},
      {"losses", losses},
      {"stages", {stage}}}
      .dump(2);
}

/// The bytes of the weights that so many ranks end with.
std::string trained(int ranks, const fs::path& folder, std::int64_t steps,
                    const std::vector<std::string>& plugins) {
  const fs::path run = folder / concat("run", ranks);
  std::vector<std::string> words{
      "--nproc", std::to_string(ranks), "train",  (folder / "recipe.json").string(),
      "--run",   run.string(),          "--quiet"};
  for (const std::string& place : plugins) words.insert(words.end(), {"--plugins", place});
  const Ending ending = launch(words);
  if (ending.exit == Exit::interrupted)
    throw Error(ending.exit, concat("chaos was interrupted: ", ending.sentence));
  if (ending.exit != Exit::ok)
    throw Error(ending.exit,
                concat("chaos: ", ending.sentence,
                       " This is a fault of Weft or of the machine: report what stands above."));
  std::ifstream file(run / "checkpoints" / concat("chaos-", steps) / "model.safetensors",
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string train_in_chaos(std::int64_t steps, const std::vector<std::string>& plugins) {
  const TemporaryFolder folder("weft-chaos");
  write_text((folder.path() / "samples.jsonl").string(), samples());
  write_text((folder.path() / "recipe.json").string(), recipe(steps));
  const auto begin = std::chrono::steady_clock::now();
  const std::string together = trained(k_ranks, folder.path(), steps, plugins);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (together.empty() || together != trained(1, folder.path(), steps, plugins))
    throw Error(
        Exit::failed,
        concat(k_ranks,
               " ranks end with other weights than one. This is a fault of Weft: report it."));
  return concat(steps, " steps of random modalities on ", k_ranks, " ranks in ",
                number(time.count(), "%.0f"), " s; the weights are those of one rank");
}

}  // namespace weft::host
