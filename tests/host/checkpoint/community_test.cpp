// SPDX-License-Identifier: Apache-2.0
/// Models of Hugging Face's transformers in Weft's parts: tests/reference/community.py.

#include <cstring>
#include <nlohmann/json.hpp>
#include <regex>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/community_weights.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

using host::community_model;
using host::CommunityModel;
using host::CommunityNode;
using host::CommunityWeights;
using host::concat;
using host::PartShapes;
using Json = nlohmann::json;

/// One architecture: its file, and for each node what it is given.
struct Architecture {
  std::string name;
  std::string layers;                                  ///< key of the number of layers
  std::map<std::string, std::vector<std::string>> in;  ///< of each node the inputs
  std::string pooled_config = "{}";                    ///< what `pooled` needs
};

std::ostream& operator<<(std::ostream& out, const Architecture& one) {
  return out << one.name;
}

const Architecture k_architectures[] = {
    {"bert",
     "/num_hidden_layers",
     {{"text", {"tokens", "mask"}}},
     R"({"pooling": "first", "pooler": true})"},
    {"roberta",
     "/num_hidden_layers",
     {{"text", {"tokens", "mask"}}},
     R"({"pooling": "first", "pooler": true})"},
    {"vit", "/num_hidden_layers", {{"vision", {"image"}}}},
    {"whisper", "/encoder_layers", {{"audio", {"features"}}}},
    {"clip",
     "/vision_config/num_hidden_layers,/text_config/num_hidden_layers",
     {{"vision", {"image"}}, {"text", {"tokens", "mask"}}}},
    {"gpt2", "/n_layer", {{"writer", {"target"}}}},
    {"llama", "/num_hidden_layers", {{"writer", {"target"}}}},
};

/// What a file of tests/reference holds.
struct Reference {
  Json config;
  Weights weights, values;

  explicit Reference(const std::string& name) {
    host::TensorFile file = host::read_safetensors(
        concat(WEFT_SOURCE_DIR, "/tests/reference/community_", name, ".safetensors"));
    config = Json::parse(file.metadata.at("config"));
    for (auto& [key, array] : file.tensors) {
      if (key.starts_with("w."))
        weights[key.substr(2)] = array;
      else
        values[key] = array;
    }
  }
  CommunityModel model() const { return community_model(config.dump(), "config.json"); }
};

/// The model's first layers alone.
Reference shortened(Reference from, const std::string& pointers, int layers) {
  for (std::size_t at = 0; at < pointers.size();) {
    const std::size_t end = std::min(pointers.find(',', at), pointers.size());
    from.config[Json::json_pointer(pointers.substr(at, end - at))] = layers;
    at = end + 1;
  }
  const std::regex layer(R"((^|\.)(layer|layers|h)\.([0-9]+)\.)");
  std::erase_if(from.weights, [&](const auto& named) {
    std::smatch found;
    return std::regex_search(named.first, found, layer) && std::stoi(found[3]) >= layers &&
           !named.first.starts_with("decoder.");
  });
  return from;
}

std::map<std::string, std::unique_ptr<Part>> parts_of(const CommunityModel& model,
                                                      const std::string& more = "{}") {
  std::map<std::string, std::unique_ptr<Part>> parts;
  for (const CommunityNode& node : model.nodes) {
    Json config = Json::parse(node.config);
    config.update(Json::parse(more));
    parts[node.name] = std::make_unique<Part>(node.use, config.dump());
  }
  return parts;
}

std::map<std::string, PartShapes> shapes_of(
    const std::map<std::string, std::unique_ptr<Part>>& parts) {
  std::map<std::string, PartShapes> shapes;
  for (const auto& [node, part] : parts)
    for (const std::string& name : part->parameter_names())
      shapes[node][name] = part->get(name).sizes;
  return shapes;
}

/// The outputs of a node with the reference's weights.
std::map<std::string, Array> outputs(const Reference& from, const Architecture& architecture,
                                     const std::string& node, const std::string& more = "{}") {
  const CommunityModel model = from.model();
  const auto parts = parts_of(model, more);
  const CommunityWeights weights =
      host::from_community(model, shapes_of(parts), from.weights, "here");
  Part& part = *parts.at(node);
  for (const auto& [name, array] : weights.nodes.at(node)) part.set(name, array);
  Arrays inputs;
  for (const std::string& port : architecture.in.at(node)) {
    const Array& array = from.values.at("in." + port);
    inputs[port] = {port == "mask" ? as_mask(array) : array};
  }
  return part.run(inputs);
}

class Community : public testing::TestWithParam<Architecture> {};
INSTANTIATE_TEST_SUITE_P(Architectures, Community, testing::ValuesIn(k_architectures),
                         [](const auto& one) { return one.param.name; });

TEST_P(Community, EachLayerGivesTheValuesOfTransformers) {
  const Reference whole(GetParam().name);
  for (const auto& [node, ports] : GetParam().in) {
    const std::string own = GetParam().in.size() > 1 ? node + "." : "";
    for (const int layers : {1, 2}) {
      const Reference from = shortened(whole, GetParam().layers, layers);
      Array tokens = outputs(from, GetParam(), node).at("tokens");
      Array expected = from.values.at(concat(own, "out.", layers));
      if (ports.back() == "mask") {
        const Array real = as_mask(from.values.at("in.mask"));
        tokens = poisoned(tokens, real, 0.0);
        expected = poisoned(expected, real, 0.0);
      }
      expect_near(tokens, expected, 1e-5);
    }
  }
}

TEST_P(Community, TheWholeHasTheValueOfTransformers) {
  const Reference from(GetParam().name);
  for (const auto& [node, ports] : GetParam().in) {
    const std::string own = GetParam().in.size() > 1 ? node + "." : "";
    const auto out = outputs(from, GetParam(), node, GetParam().pooled_config);
    if (from.values.contains(own + "pooled"))
      expect_near(out.at("pooled"), from.values.at(own + "pooled"), 1e-5);
    if (from.values.contains("logits"))
      expect_near(out.at("logits"), from.values.at("logits"), 1e-5);
  }
}

bool are_equal(const Array& a, const Array& b) {
  return a.dtype == b.dtype && a.sizes == b.sizes &&
         std::memcmp(a.bytes.get(), b.bytes.get(), a.byte_count()) == 0;
}

TEST_P(Community, ThereAndBackGivesTheSameNamesAndBits) {
  const Reference from(GetParam().name);
  const CommunityModel model = from.model();
  const auto shapes = shapes_of(parts_of(model));
  const Weights back = host::to_community(
      model, shapes, host::from_community(model, shapes, from.weights, "here"), "here");
  ASSERT_EQ(back.size(), from.weights.size());
  for (const auto& [name, array] : from.weights)
    EXPECT_TRUE(back.contains(name) && are_equal(back.at(name), array)) << name;
}

std::string refusal(const CommunityModel& model, const Weights& weights) {
  try {
    host::from_community(model, shapes_of(parts_of(model)), weights, "here");
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::bad_checkpoint);
    return error.what();
  }
  return "";
}

TEST(CommunityWeights, AllThatDoesNotFitIsSaidAtOnce) {
  Reference from("bert");
  from.weights.erase("embeddings.LayerNorm.bias");
  from.weights["embeddings.extra"] = floats({1}, {1});
  from.weights["encoder.layer.1.output.dense.bias"] = floats({1, 2}, {2});
  EXPECT_EQ(refusal(from.model(), from.weights),
            "the weights in here do not fit. Missing: embeddings.LayerNorm.bias. Not known: "
            "embeddings.extra. Other sizes: encoder.layer.1.output.dense.bias is [2], expected "
            "[16]. Give the config.json that belongs to the weights.");
}

TEST(CommunityWeights, AParameterThatNoTensorGivesIsNamed) {
  const Reference from("vit");
  const CommunityModel model = from.model();
  auto shapes = shapes_of(parts_of(model));
  shapes.at("vision")["new.weight"] = {2};
  EXPECT_THAT([&] { host::from_community(model, shapes, from.weights, "here"); },
              testing::ThrowsMessage<host::Error>(
                  testing::HasSubstr("No tensor gives vision.new.weight.")));
}

// bert-base-uncased and others of its age.
TEST(CommunityWeights, OldNamesOfNormsAndPrefixesAreReadAndWrittenBack) {
  const Reference from("bert");
  Weights old;
  for (const auto& [name, array] : from.weights) {
    std::string known = "bert." + name;
    for (const auto& [now, before] :
         {std::pair("LayerNorm.weight", "LayerNorm.gamma"), {"LayerNorm.bias", "LayerNorm.beta"}})
      if (known.ends_with(now))
        known.replace(known.size() - std::strlen(now), std::string::npos, before);
    old[known] = array;
  }
  old["cls.predictions.bias"] = floats({1, 2, 3}, {3});
  old["cls.predictions.decoder.weight"] = from.weights.at("embeddings.word_embeddings.weight");
  const CommunityModel model = from.model();
  const auto shapes = shapes_of(parts_of(model));
  CommunityWeights weights = host::from_community(model, shapes, old, "here");
  EXPECT_TRUE(weights.rest.contains("cls.predictions.bias"));
  Weights back = host::to_community(model, shapes, weights, "here");
  ASSERT_EQ(back.size(), old.size());
  for (const auto& [name, array] : old) EXPECT_TRUE(are_equal(back.at(name), array)) << name;

  // What is tied follows the tensor that it equals.
  weights.nodes.at("text").at("embedding.weight") = random({60, 16}, 3);
  back = host::to_community(model, shapes, weights, "here");
  EXPECT_TRUE(are_equal(back.at("cls.predictions.decoder.weight"),
                        weights.nodes.at("text").at("embedding.weight")));
}

TEST(CommunityWeights, SixteenBitsStaySixteen) {
  const Reference from("llama");
  Weights half;
  for (const auto& [name, array] : from.weights) {
    half[name] = Array::empty(DType::bfloat16, array.sizes);
    for (std::int64_t i = 0; i < array.count(); ++i)
      half[name].data<std::uint16_t>()[i] = static_cast<std::uint16_t>(i);
  }
  const CommunityModel model = from.model();
  const auto shapes = shapes_of(parts_of(model));
  const Weights back =
      host::to_community(model, shapes, host::from_community(model, shapes, half, "here"), "here");
  for (const auto& [name, array] : half) EXPECT_TRUE(are_equal(back.at(name), array)) << name;
}

TEST(CommunityWeights, WhatIsMissingOnTheWayBackIsNamed) {
  const Reference from("gpt2");
  const CommunityModel model = from.model();
  const auto shapes = shapes_of(parts_of(model));
  CommunityWeights weights = host::from_community(model, shapes, from.weights, "here");
  weights.nodes.at("writer").erase("block_0.attention.key.bias");
  EXPECT_THAT([&] { host::to_community(model, shapes, weights, "there"); },
              testing::ThrowsMessage<host::Error>(
                  "the weights in there do not fit. Missing: writer.block_0.attention.key.bias. "
                  "Convert the community's folder anew."));
}

std::string config_refusal(const std::string& text) {
  try {
    community_model(text, "m/config.json");
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::bad_data);
    return error.what();
  }
  return "";
}

TEST(CommunityModel, SaysWhatOfAConfigurationDoesNotFit) {
  EXPECT_THAT(config_refusal("{"), testing::StartsWith("m/config.json: is no JSON: "));
  EXPECT_EQ(
      config_refusal("{}"),
      "m/config.json: has no \"model_type\". Give the config.json of a model of transformers.");
  EXPECT_EQ(config_refusal(R"({"model_type": "berd"})"),
            "m/config.json: no table for the architecture \"berd\". Did you mean \"bert\"?");
  Json config = Reference("bert").config;
  config["position_embedding_type"] = "relative_key";
  config["hidden_act"] = "mish";
  config["quantization_config"] = {{"bits", 4}};
  config.erase("hidden_size");
  EXPECT_EQ(
      config_refusal(config.dump()),
      "m/config.json: \"quantization_config\" is {\"bits\":4}, expected null; "
      "\"position_embedding_type\" is \"relative_key\", expected \"absolute\"; \"hidden_act\" "
      "is \"mish\", expected \"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\", \"relu\", \"silu\" "
      "and \"swish\"; \"hidden_size\" is missing. Weft's parts have no other bert.");
}

}  // namespace
}  // namespace weft::test
