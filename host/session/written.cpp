// SPDX-License-Identifier: Apache-2.0
/// What a predictor's decoders write, and what its frames say.

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/evaluation/text_wires.hpp"
#include "host/generation/best_path.hpp"
#include "host/generation/steered_logits.hpp"
#include "host/generation/text_stream.hpp"
#include "host/session/prediction.hpp"

namespace weft::host {
namespace {

/// The tokens of a field [B, S] between the begin token and the end or what fills the row up.
std::vector<Tokens> texts_in(const Array& field, const SpecialIds& ids) {
  std::vector<Tokens> texts;
  const std::int64_t length = field.sizes[1];
  for (std::int64_t row = 0; row < field.sizes[0]; ++row) {
    Tokens& text = texts.emplace_back();
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t token = field.data<std::int64_t>()[row * length + i];
      if (i == 0 && token == ids.begin) continue;
      if (token == ids.end || token == ids.pad) break;
      text.push_back(token);
    }
  }
  return texts;
}

bool writes_one(const GenerationPlan& entry) {
  return entry.strategy != "beam" && entry.num_return_sequences == 1 && entry.best_of == 1;
}

}  // namespace

void Predictor::add_heads_of_entries() {
  const std::vector<GenerationPlan>& entries = run_.session.recipe.evaluate.generate;
  if (entries.empty())
    throw Error(Exit::usage,
                "the recipe's evaluation has no \"generate\", so that nothing is known to be "
                "written. Give one: --set 'evaluate.generate={\"node\": DECODER, \"max_length\": "
                "20}'.");
  for (const GenerationPlan& entry : entries)
    add({Kind::text, entry.node, run_.session.model->wiring().index(entry.node), 0, ""});
}

std::vector<std::size_t> Predictor::steering(const GenerationPlan& entry, std::size_t decoder,
                                             std::vector<std::size_t>& before) const {
  if (entry.logits.node.empty()) return {};
  const Wiring& wiring = run_.session.model->wiring();
  const std::size_t function = wiring.index(entry.logits.node);
  const std::string field = tokens_field(wiring, decoder, plan_.name);
  std::ranges::copy(upstream_of_logits(wiring, function, field, plan_.name),
                    std::back_inserter(before));
  return decoders_behind(wiring, function, field, plan_.name);
}

/// A metric that names a blank reads frames as CTC does.
void Predictor::add_frames(const Node& metric, const InputSource* mask, const InputSource& logits,
                           const std::string& target) {
  const auto config = nlohmann::json::parse(metric.config);
  const auto blank = config.find("blank");
  if (blank == config.end() || !blank->is_number_integer()) return;
  Head head{Kind::frames, run_.session.model->wiring().nodes()[logits.node].name, logits.node,
            logits.port, target};
  head.blank = blank->get<std::int64_t>();
  if (mask != nullptr) head.mask = *mask;
  add(std::move(head));
}

void Predictor::add_said(const Head& head, const Dataset& data, const Values& values,
                         const TensorMap& tensors, std::vector<Prediction>& predictions) const {
  Array mask;
  if (head.mask.from == InputSource::From::node)
    mask = to_array(values.outputs.at(head.mask.node).at(head.mask.port));
  else if (head.mask.from == InputSource::From::batch)
    mask = to_array(tensors.at(head.mask.field));
  const std::vector<Tokens> said =
      best_paths(to_array(values.outputs.at(head.node).at(head.port)), mask, head.blank);
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    Answer& answer = predictions[row].answers.emplace_back();
    answer.name = head.name;
    answer.text = data.decode_text(head.target, said[row]);
  }
}

std::map<std::size_t, Written> Predictor::write(const Dataset& data, const Batch& batch,
                                                const Values& values, const TensorMap& tensors,
                                                std::uint64_t first_row) {
  const Wiring& wiring = run_.session.model->wiring();
  if (writers_.empty()) return {};
  require_tokenizer(data);
  WriteRequest request{run_.session.recipe.evaluate.generate, batch.size, first_row,
                       decoder_of(data)};
  if (!constraints_) constraints_ = constraints_for(data);
  request.constraints = &*constraints_;
  if (predict_.only_texts)
    for (const std::size_t writer : writers_) {
      const auto given = batch.fields.find(tokens_field(wiring, writer, plan_.name));
      if (given != batch.fields.end())
        request.prompts[given->first] =
            texts_in(given->second, special_ids(wiring.nodes()[writer]));
    }
  std::map<std::string, std::vector<TextStream>> streams;
  if (predict_.watch)
    request.watch = [&](const Node& decoder, const std::vector<Sequence>& texts) {
      const GenerationPlan& entry = *entry_of(request.entries, decoder);
      if (!writes_one(entry)) return;
      std::vector<TextStream>& all = streams[decoder.name];
      all.resize(texts.size(), TextStream(request.decode, entry.stop));
      for (std::size_t i = 0; i < texts.size(); ++i)
        predict_.watch(decoder.name, i, all[i].next(texts[i].tokens));
    };
  std::map<std::size_t, Written> written =
      write_texts(*run_.session.model, writers_, values, tensors, request);
  for (const auto& [node, rows] : written)
    if (auto all = streams.find(wiring.nodes()[node].name); all != streams.end())
      for (std::size_t row = 0; row < rows.size(); ++row)
        predict_.watch(all->first, row, all->second[row].rest(rows[row].front().text));
  return written;
}

std::vector<ShownSample> show_samples(Predictor& predictor, Split split, std::size_t count) {
  std::vector<ShownSample> wrong, right;
  predictor.predict_split(split, [&](const Prediction& prediction) {
    for (const Answer& answer : prediction.answers) {
      if (!answer.target) continue;
      const ShownSample sample{prediction.key, answer.name, answer.text, *answer.target};
      std::vector<ShownSample>& list = sample.is_right() ? right : wrong;
      if (list.size() < count) list.push_back(sample);
    }
  });
  for (const ShownSample& sample : right)
    if (wrong.size() < count) wrong.push_back(sample);
  return wrong;
}

}  // namespace weft::host
