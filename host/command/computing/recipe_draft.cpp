// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/recipe_draft.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/recipe/source_text.hpp"

namespace weft::host {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

/// A field's name for a column: neither that of another field nor that of another node.
std::string field_name(const Column& column) {
  if (column.name == "cls") return "label";
  std::string name = drafted_name(column.name, "the_");
  for (const char* const taken :
       {"picture", "sound", "numbers", "vision", "hearing", "reading", "table", "fusion"}) {
    if (name == taken) return "the_" + name;
  }
  return name;
}

std::string text_name(const Choice& choice) {
  const std::string name = field_name(*choice.text);
  return name == field_name(*choice.target) ? name + "_2" : name;
}

std::string source_of(const Column& column) {
  return concat(column.source.is_pointer() ? "\"pointer\": " : "\"member\": ",
                quoted(column.source.text));
}

std::string number(double value) {
  return host::number(value, "%.4g");
}

/// The edge of a square that the pictures are brought to: small, so that a first run is quick.
std::int64_t edge_of(const MediaLook& pictures) {
  const std::int64_t edge = std::max(pictures.height, pictures.width);
  return edge <= 40 ? 32 : edge <= 128 ? 48 : 64;
}

class Draft {
 public:
  Draft(const FirstLook& look, const Choice& choice, const DraftedData& data)
      : look_(look), choice_(choice), data_(data), target_(field_name(*choice.target)) {}

  std::string text() {
    const std::string name = quoted(data_.name);
    std::string text = concat("// A first recipe, drafted by `weft new recipe` from ",
                              look_.samples, " samples.\n// It learns \"", choice_.target->name,
                              "\", because ", choice_.why, ". Change what you know better.\n{\n");
    if (!data_.schema.empty()) text += concat("\"$schema\": ", quoted(data_.schema), ",\n");
    text += concat("\"format\": 2,\n\"name\": ", name,
                   ",\n\"seed\": 17,\n\"defaults\": {\"config\": {\"dim\": 64}},\n\"data\": {\n",
                   name, ": {\n", shards(), tokenizer(), "\"fields\": {\n", joined(fields()),
                   "\n}\n}\n},\n\"graph\": {\n", joined(nodes()), "\n},\n", losses_and_metrics(),
                   ",\n", stage(), ",\n", evaluation(), "\n}\n");
    return formatted(read_source(text));
  }

 private:
  static std::string joined(const std::vector<std::string>& members) {
    std::string text;
    for (const std::string& member : members) text += (text.empty() ? "" : ",\n") + member;
    return text;
  }

  std::string shards() const {
    std::string text = concat("\"shards\": ", data_.shards, ",\n");
    if (data_.has_parts) return text;
    return text +
           "// About a tenth of the samples each is held out, by their keys. Where several belong\n"
           "// together, name what they share: \"by\": \"/speaker\".\n"
           "\"split\": {\"val\": 0.1, \"test\": 0.1},\n";
  }

  /// The columns that the tokenizer learns from.
  std::vector<const Column*> texts() const {
    std::vector<const Column*> texts;
    if (choice_.task == Task::write_text) texts.push_back(choice_.target);
    if (choice_.text != nullptr) texts.push_back(choice_.text);
    return texts;
  }

  /// Few different words are learned whole; of more, pieces.
  bool learns_words() const {
    return std::ranges::all_of(texts(),
                               [](const Column* one) { return one->words.size() <= k_most_words; });
  }

  std::string tokenizer() const {
    if (texts().empty()) return "";
    std::set<std::string> words;
    std::string from;
    for (const Column* const one : texts()) {
      words.insert(one->words.begin(), one->words.end());
      from += (from.empty() ? "" : ", ") + quoted(one->source.text);
    }
    constexpr int k_special = 4, k_pieces = 4000;
    const auto size = learns_words() ? std::ssize(words) + k_special : k_pieces;
    return concat(learns_words()
                      ? "// Knows whole words; one that training does not hold becomes unknown.\n"
                      : "// Knows pieces of words.\n",
                  "\"tokenizer\": {\"type\": \"", learns_words() ? "word" : "unigram",
                  "\", \"vocab_size\": ", size, ", \"from\": [", from, "]},\n");
  }

  std::int64_t length_of(const Column& text) const {
    constexpr std::int64_t k_step = 8, k_most = 256, k_ends = 2, k_characters_of_a_piece = 3;
    const std::int64_t tokens =
        k_ends +
        (learns_words() ? text.longest : text.longest_characters / k_characters_of_a_piece);
    return std::min(k_most, (tokens + k_step - 1) / k_step * k_step);
  }

  std::vector<std::string> fields() const {
    std::vector<std::string> fields;
    if (choice_.sees_picture) fields.push_back(picture_field());
    if (choice_.hears_recording) fields.push_back(sound_field());
    if (choice_.text != nullptr)
      fields.push_back(text_field(*choice_.text, text_name(choice_), ""));
    if (!choice_.numbers.empty()) fields.push_back(numbers_field());
    if (choice_.task == Task::classify)
      fields.push_back(class_field());
    else if (choice_.task == Task::write_text)
      fields.push_back(text_field(*choice_.target, target_, ", \"bos\": true, \"eos\": true"));
    else
      fields.push_back(target_number());
    return fields;
  }

  std::string picture_field() const {
    const std::int64_t edge = edge_of(look_.pictures);
    return concat("// The files have about ", look_.pictures.width, " x ", look_.pictures.height,
                  " pixels. `weft data stats` prints their own mean and std.\n"
                  "\"picture\": {\"kind\": \"image\", \"member\": ",
                  quoted(look_.pictures.members), ", \"size\": [", edge, ", ", edge,
                  "], \"channels\": 3, \"mean\": 0.5, \"std\": 0.25}");
  }

  std::string sound_field() const {
    constexpr int k_rate = 16000, k_hop = 200, k_most_frames = 1000;
    const auto frames = static_cast<std::int64_t>(look_.recordings.seconds * k_rate / k_hop) + 1;
    return concat("// The longest that was looked at has ", number(look_.recordings.seconds),
                  " s; 80 frames are one.\n"
                  "\"sound\": {\"kind\": \"log_mel\", \"member\": ",
                  quoted(look_.recordings.members), ", \"rate\": ", k_rate,
                  ", \"fft\": 512, \"window\": 400, \"hop\": ", k_hop,
                  ", \"mels\": 64, \"frames\": ", std::min<std::int64_t>(frames, k_most_frames),
                  ", \"normalize\": \"per_mel\"}");
  }

  /// Ends the field of what is learned, where some samples lack it.
  std::string end_of_target() const {
    return choice_.target->samples < look_.samples ? ", \"optional\": true}" : "}";
  }
  std::string remark_on_target() const {
    const std::int64_t lacking = look_.samples - choice_.target->samples;
    if (lacking <= 0) return "";
    return concat("// ", lacking, " of the samples lack it: nothing is learned from those, and ",
                  "they are not measured.\n");
  }

  std::string text_field(const Column& text, const std::string& name,
                         const std::string& more) const {
    return concat(quoted(name), ": {\"kind\": \"text\", ", source_of(text),
                  ", \"max_length\": ", length_of(text), more, "}");
  }

  /// All columns of numbers as one vector.
  std::string numbers_field() const {
    std::string pointers, means, deviations;
    for (const Column* const one : choice_.numbers) {
      const char* const separator = pointers.empty() ? "" : ", ";
      pointers += separator + quoted(one->source.text);
      means += separator + number(one->mean);
      deviations += separator + number(one->deviation);
    }
    return concat("\"numbers\": {\"kind\": \"number\", \"pointer\": [", pointers, "], \"mean\": [",
                  means, "], \"std\": [", deviations, "]}");
  }

  std::string target_number() const {
    const Column& column = *choice_.target;
    const std::string source = column.source.is_pointer()
                                   ? concat("\"pointer\": [", quoted(column.source.text), "]")
                                   : source_of(column) + ", \"size\": 1";
    return concat(remark_on_target(), quoted(target_), ": {\"kind\": \"number\", ", source,
                  ", \"mean\": ", number(column.mean), ", \"std\": ", number(column.deviation),
                  end_of_target());
  }

  std::string class_field() const {
    std::string classes;
    for (const auto& [name, count] : choice_.target->counts) {
      classes += (classes.empty() ? "" : ", ") + quoted(name);
    }
    return concat(remark_on_target(), quoted(target_), ": {\"kind\": \"class\", ",
                  source_of(*choice_.target), ", \"classes\": [", classes, "]", end_of_target());
  }

  std::vector<std::string> nodes() {
    std::vector<std::string> nodes;
    const auto encode = [&](const std::string& node, const std::string& text) {
      encoders_.push_back(node);
      nodes.push_back(concat(quoted(node), ": ", text));
    };
    if (choice_.sees_picture)
      encode("vision", "{\"use\": \"encoder.resnet\", \"in\": \"batch.picture\"}");
    if (choice_.hears_recording) {
      encode(
          "hearing",
          "{\"use\": \"encoder.conformer\", \"in\": \"batch.sound\", \"config\": {\"layers\": 2, "
          "\"heads\": 4, \"ffn_dim\": 128, \"kernel\": 7, \"channels\": 8}}");
    }
    if (choice_.text != nullptr) {
      encode("reading", concat("{\"use\": \"encoder.text_transformer\", \"in\": ",
                               quoted("batch." + text_name(choice_)),
                               ", \"config\": {\"layers\": 2, \"heads\": 4, \"ffn_dim\": 128, "
                               "\"dropout\": 0.1}}"));
    }
    if (!choice_.numbers.empty()) {
      encode("table", concat("{\"use\": \"encoder.mlp\", \"in\": \"batch.numbers\", \"config\": "
                             "{\"hidden\": [64]}}"));
    }
    if (encoders_.size() > 1) {
      std::string all;
      for (const std::string& node : encoders_) all += (all.empty() ? "" : ", ") + quoted(node);
      nodes.push_back(concat("\"fusion\": {\"use\": \"fusion.concat\", \"in\": [", all, "]}"));
    }
    nodes.push_back(head());
    return nodes;
  }

  std::string head() const {
    const std::string state = quoted(encoders_.size() > 1 ? "fusion" : encoders_.front());
    const auto node = [&](const std::string& rest) {
      return concat(quoted(node_name()), ": {\"use\": ", rest, "}");
    };
    if (choice_.task == Task::classify) {
      return node(concat("\"decoder.classifier\", \"in\": ", state,
                         ", \"config\": {\"classes\": ", choice_.target->counts.size(), "}"));
    }
    if (choice_.task == Task::estimate_number) {
      return node(concat("\"decoder.regression\", \"in\": ", state,
                         ", \"config\": {\"outputs\": 1, \"hidden\": 64}"));
    }
    return node(concat("\"decoder.autoregressive\", \"in\": {\"state\": ", state,
                       ", \"target\": ", quoted("batch." + target_),
                       "}, \"config\": {\"layers\": 2, \"heads\": 4, \"ffn_dim\": 128, "
                       "\"dropout\": 0.1}"));
  }

  /// Of the node that answers.
  std::string node_name() const { return target_; }

  std::string losses_and_metrics() const {
    const std::string target = quoted("batch." + target_), node = quoted(node_name());
    const bool writes = choice_.task == Task::write_text;
    if (choice_.task == Task::estimate_number) {
      const std::string in =
          concat("\"in\": {\"prediction\": ", node, ", \"target\": ", target, "}}");
      return concat("\"losses\": {\"error\": {\"use\": \"loss.huber\", ", in,
                    "},\n\"metrics\": {\"mae\": {\"use\": \"metric.mae\", ", in,
                    ",\n\"rmse\": {\"use\": \"metric.rmse\", ", in, "}");
    }
    const std::string in = concat("\"in\": {\"logits\": ", node, ", \"target\": ", target, "}",
                                  writes ? ", \"config\": {\"next_token\": true}}" : "}");
    const std::string more =
        writes ? concat("\"match\": {\"use\": \"metric.exact_match\", \"in\": {\"predicted\": ",
                        quoted(node_name() + ".generated"), ", \"target\": ", target, "}}")
               : concat("\"f1\": {\"use\": \"metric.f1\", ", in);
    return concat("\"losses\": {\"ce\": {\"use\": \"loss.cross_entropy\", ", in,
                  "},\n\"metrics\": {\n\"accuracy\": {\"use\": \"metric.accuracy\", ", in, ",\n",
                  more, "\n}");
  }

  std::string stage() const {
    constexpr std::int64_t k_epochs = 40, k_least = 300, k_most = 2000;
    const std::int64_t batch = look_.samples < 500 ? 16 : 32;
    const std::int64_t steps =
        std::clamp(k_epochs * look_.samples / batch / 100 * 100, k_least, k_most);
    return concat(
        "\"stages\": [\n{\n// ", "About ", steps * batch / look_.samples,
        " times through the data. `weft train` prints the loss: more steps while it falls.\n"
        "\"name\": \"fit\", \"data\": ",
        quoted(data_.name), ", \"steps\": ", steps, ", \"batch_size\": ", batch, ", \"losses\": [",
        choice_.task == Task::estimate_number ? "\"error\"" : "\"ce\"",
        "], \"optimizer\": {\"lr\": 2e-3, \"weight_decay\": 0.05}, \"schedule\": "
        "{\"warmup\": 50, \"min_ratio\": 0.02}, \"clip_norm\": 1, \"log_every\": 50}\n]");
  }

  std::string evaluation() const {
    const std::string metrics = choice_.task == Task::classify     ? "\"accuracy\", \"f1\""
                                : choice_.task == Task::write_text ? "\"accuracy\", \"match\""
                                                                   : "\"mae\", \"rmse\"";
    std::string text =
        concat("\"evaluate\": {\"data\": ", quoted(data_.name),
               ", \"split\": ", quoted(data_.evaluated), ", \"metrics\": [", metrics, "]");
    if (choice_.task == Task::write_text) {
      text += concat(", \"generate\": {\"node\": ", quoted(node_name()),
                     ", \"max_length\": ", length_of(*choice_.target), "}");
    }
    return text + "}";
  }

  const FirstLook& look_;
  const Choice& choice_;
  const DraftedData& data_;
  std::string target_;
  std::vector<std::string> encoders_;
};

}  // namespace

std::string draft_recipe(const FirstLook& look, const Choice& choice, const DraftedData& data) {
  return Draft(look, choice, data).text();
}

std::vector<std::string> drafted_inputs(const Choice& choice) {
  std::vector<std::string> inputs;
  if (choice.sees_picture) inputs.emplace_back("picture");
  if (choice.hears_recording) inputs.emplace_back("sound");
  if (choice.text != nullptr) inputs.push_back(text_name(choice));
  if (!choice.numbers.empty()) inputs.emplace_back("numbers");
  return inputs;
}

std::string drafted_name(const std::string& text, const std::string& prefix) {
  constexpr std::size_t k_most = 60;
  std::string name;
  for (const char c : text.substr(0, k_most)) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  return name.empty() || std::isalpha(static_cast<unsigned char>(name.front())) == 0 ? prefix + name
                                                                                     : name;
}

}  // namespace weft::host
