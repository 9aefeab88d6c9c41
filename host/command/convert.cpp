// SPDX-License-Identifier: Apache-2.0
/// `weft convert`: what the community's models become here, and back.

#include "host/command/options.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/community_files.hpp"
#include "host/checkpoint/community_weights.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/checkpoint/run_lock.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/command/options.hpp"
#include "host/graph/node_config.hpp"
#include "host/recipe/initial.hpp"
#include "host/recipe/kept.hpp"
#include "host/recipe/source_text.hpp"
#include "host/registry/instance.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* k_rest = "rest.safetensors";
constexpr const char* k_spelling = "weft.spelling";
constexpr std::size_t k_longest_text = std::size_t{1} << 28;

[[noreturn]] void wrong(const std::string& what) {
  throw Error(Exit::usage, concat("weft convert: ", what, " `weft convert --help` shows how."));
}

std::string in(const std::string& folder, const std::string& file) {
  return (fs::path(folder) / file).string();
}

std::string weights_file(const std::string& folder, const std::string& node) {
  return in(folder, node + ".safetensors");
}

/// A node's configuration as a recipe gives it, and the parameters that its part then has.
struct MadePart {
  std::string config;
  PartShapes shapes;
};

MadePart make_part(const Registry& registry, const CommunityNode& node, const std::string& config) {
  const Part& part = registry.find(node.use);
  std::vector<Problem> problems;
  const std::string whole = complete_config(part, config, "/" + node.name, problems);
  if (!problems.empty()) {
    std::string all;
    for (const Problem& problem : problems) all += concat(" ", problem.sentence());
    throw Error(Exit::bad_recipe, concat("the configuration of ", part.id, ":", all));
  }
  return {config, Instance(part, node.name, whole, {}).tensor_sizes()};
}

/// --config: {"NODE": {"key": value}} upon what the table says.
std::string with_given(const CommunityModel& model, const CommunityNode& node,
                       const std::string& given) {
  auto config = nlohmann::json::parse(node.config);
  const auto all = nlohmann::json::parse(given, nullptr, /*allow_exceptions=*/false);
  if (!all.is_object()) wrong("--config takes an object, {\"text\": {\"pooler\": true}}.");
  std::vector<std::string> names;
  for (const CommunityNode& one : model.nodes) names.push_back(one.name);
  for (const auto& [name, keys] : all.items()) {
    if (std::ranges::find(names, name) == names.end())
      wrong(concat("--config: no node is called \"", name, "\".", suggestion(name, names)));
    if (!keys.is_object()) wrong(concat("--config: ", name, ": expected an object."));
    if (name == node.name) config.update(keys);
  }
  return config.dump();
}

/// The folder to write: new, or with --overwrite one that holds something.
void make_folder(const Options& options) {
  if (options.out.empty()) wrong("--out FOLDER is missing.");
  if (fs::exists(options.out) && (!fs::is_directory(options.out) || !fs::is_empty(options.out)) &&
      !options.overwrite)
    throw Error(Exit::cannot_create,
                concat(options.out, " exists already. Name another folder, or add --overwrite."));
  std::error_code fault;
  fs::create_directories(options.out, fault);
  if (fault)
    throw Error(Exit::cannot_create, concat(options.out, " cannot be made: ", fault.message(),
                                            ". Name another folder."));
}

/// What a recipe begins with: `"extends": "FOLDER/recipe.json"`.
std::string fragment(const CommunityModel& model, const std::map<std::string, MadePart>& parts,
                     bool has_tokenizer) {
  OrderedJson recipe{{"format", 2}};
  if (has_tokenizer) recipe["let"]["tokenizer"]["file"] = "./tokenizer.json";
  for (const CommunityNode& node : model.nodes)
    recipe["graph"][node.name] = {{"use", node.use},
                                  {"config", OrderedJson::parse(parts.at(node.name).config)},
                                  {"init", "./" + node.name + ".safetensors"}};
  return formatted(read_source(recipe.dump()));
}

void write_converted(const std::string& out, const CommunityModel& model,
                     const std::map<std::string, MadePart>& parts, CommunityWeights weights,
                     const CommunityFolder& source) {
  const std::map<std::string, std::string> metadata{{k_spelling, std::to_string(weights.spelling)},
                                                    {"weft.model_type", model.model_type}};
  for (auto& [node, tensors] : weights.nodes)
    write_safetensors(weights_file(out, node), {std::move(tensors), metadata});
  // What another conversion left in the folder must not pass for this one's.
  if (!weights.rest.empty())
    write_safetensors(in(out, k_rest), {std::move(weights.rest), {}});
  else
    fs::remove(in(out, k_rest));
  write_text(config_path(out), source.config);
  if (!source.tokenizer.empty())
    write_text(in(out, "tokenizer.json"), read_text(source.tokenizer, k_longest_text));
  else
    fs::remove(in(out, "tokenizer.json"));
  write_text(in(out, "recipe.json"), fragment(model, parts, !source.tokenizer.empty()));
}

void from_hugging_face(const Options& options) {
  const std::string& folder = options.operands[0];
  CommunityFolder source = read_community_folder(folder);
  const CommunityModel model = community_model(source.config, config_path(folder));
  const Registry registry(search_path(options));
  std::map<std::string, MadePart> parts;
  std::map<std::string, PartShapes> shapes;
  for (const CommunityNode& node : model.nodes) {
    parts[node.name] = make_part(registry, node, with_given(model, node, options.config));
    shapes[node.name] = parts[node.name].shapes;
  }
  CommunityWeights weights = from_community(model, shapes, std::move(source.tensors), folder);
  Table table({"node", "part", "tensors", "numbers"});
  for (const CommunityNode& node : model.nodes) {
    std::int64_t numbers = 0;
    for (const auto& [name, tensor] : weights.nodes[node.name]) numbers += tensor.count();
    table.add({node.name, node.use, std::to_string(weights.nodes[node.name].size()),
               std::to_string(numbers)});
  }
  std::vector<std::string> kept;
  for (const auto& [name, tensor] : weights.rest) kept.push_back(name);
  make_folder(options);
  write_converted(options.out, model, parts, std::move(weights), source);
  std::cout << table.text();
  if (!kept.empty())
    std::cout << "Kept in " << k_rest << ", read by no part: " << kept.size()
              << " tensors, such as " << printable(kept.front()) << ".\n";
  std::cout << printable(in(options.out, "recipe.json"))
            << " is written: a recipe begins with \"extends\": \""
            << printable(in(options.out, "recipe.json")) << "\".\n";
}

/// A folder that a conversion wrote.
struct Home {
  std::string folder;
  CommunityModel model;
  std::map<std::string, std::string> configs;  ///< of the nodes
  CommunityWeights weights;
};

Home read_home(const std::string& folder) {
  const std::string file = in(folder, "recipe.json");
  if (!fs::exists(config_path(folder)) || !fs::exists(file))
    throw Error(Exit::no_input, concat(folder,
                                       " is neither a run nor a folder that `weft convert` wrote: "
                                       "it lacks config.json or recipe.json."));
  const std::string config = read_text(config_path(folder), k_longest_text);
  Home home{folder, community_model(config, config_path(folder)), {}, {}};
  const auto recipe = nlohmann::json::parse(read_text(file, k_longest_text), nullptr, false);
  for (const CommunityNode& node : home.model.nodes) {
    TensorFile weights = read_safetensors(weights_file(folder, node.name));
    const std::string spelling = weights.metadata[k_spelling];
    const auto pointer = nlohmann::json::json_pointer("/graph/" + node.name + "/config");
    if (spelling.empty() || spelling.size() > 3 ||
        spelling.find_first_not_of("0123456789") != std::string::npos || recipe.is_discarded() ||
        !recipe.contains(pointer) || std::stoul(spelling) >= home.model.spellings.size())
      throw Error(Exit::bad_checkpoint,
                  concat(folder, " is damaged: it does not say how \"", node.name,
                         "\" was converted. Convert the community's folder anew."));
    home.weights.spelling = std::stoul(spelling);
    home.weights.nodes[node.name] = std::move(weights.tensors);
    home.configs[node.name] = recipe.at(pointer).dump();
  }
  if (const std::string rest = in(folder, k_rest); fs::exists(rest))
    home.weights.rest = read_safetensors(rest).tensors;
  return home;
}

/// A run's nodes that began with converted weights: their newest ones.
Home read_run(const std::string& folder) {
  const OpenFolder run(folder);
  const Recipe recipe = read_kept(folder, folder_when_written(run), {});
  std::vector<std::string> stages, homes;
  for (const StagePlan& stage : recipe.stages) stages.push_back(stage.name);
  const std::vector<InitialFile> files = initial_files(recipe);
  for (const InitialFile& init : files)
    if (const std::string home = fs::path(init.file).parent_path().string();
        std::ranges::find(homes, home) == homes.end())
      homes.push_back(home);
  if (homes.size() != 1)
    throw Error(Exit::bad_recipe,
                concat("the nodes of the run in ", folder, " begin with converted weights of ",
                       homes.empty() ? "no model" : enumerate(homes),
                       "; expected one. Give a run one of whose nodes has \"init\"."));
  Home home = read_home(homes.front());
  const auto checkpoint = newest_checkpoint(
      run, stages, [](const std::string& text) { std::cerr << "warning: " << text << "\n"; });
  if (!checkpoint)
    throw Error(Exit::no_input, concat(folder, " holds no checkpoint yet. Train it first."));
  std::set<std::string> taken;
  for (const InitialFile& init : files) {
    const std::string name = fs::path(init.file).stem().string();
    const auto node = std::ranges::find(recipe.graph, init.node, &NodePlan::name);
    if (!home.weights.nodes.contains(name) || node == recipe.graph.end()) continue;
    if (!taken.insert(name).second)
      throw Error(Exit::bad_recipe,
                  concat("two nodes of the run in ", folder, " begin with ", init.file,
                         "; there is one place for them. Give a run "
                         "with one."));
    home.configs[name] = node->config;
    Arrays& tensors = home.weights.nodes[name];
    tensors.clear();
    const std::string prefix = init.node + ".";
    for (const auto& [path, tensor] : checkpoint->model)
      if (path.starts_with(prefix)) tensors[path.substr(prefix.size())] = tensor;
  }
  return home;
}

void to_hugging_face(const Options& options) {
  const std::string& folder = options.operands[0];
  const bool is_run = fs::is_directory(folder) && has_checkpoints(OpenFolder(folder));
  const Home home = is_run ? read_run(folder) : read_home(folder);
  const Registry registry(search_path(options));
  std::map<std::string, PartShapes> shapes;
  for (const CommunityNode& node : home.model.nodes)
    shapes[node.name] = make_part(registry, node, home.configs.at(node.name)).shapes;
  const Arrays tensors = to_community(home.model, shapes, home.weights, folder);
  make_folder(options);
  const std::string whole = in(options.out, "model.safetensors");
  // transformers asks a file for this: which library it is for.
  write_safetensors(whole, {tensors, {{"format", "pt"}}});
  for (const char* file : {"config.json", "tokenizer.json"})
    if (fs::exists(in(home.folder, file)))
      write_text(in(options.out, file), read_text(in(home.folder, file), k_longest_text));
  std::cout << printable(whole) << " is written: " << tensors.size() << " tensors of "
            << home.model.model_type << ".\n";
}

}  // namespace

void convert(const Options& options) {
  if (options.target.empty() || options.target == "weft") return from_hugging_face(options);
  if (options.target == "hf") return to_hugging_face(options);
  wrong(concat("--to takes weft or hf, found \"", options.target, "\"."));
}

}  // namespace weft::host
