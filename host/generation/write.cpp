// SPDX-License-Identifier: Apache-2.0
#include "host/generation/write.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/generation/steered_logits.hpp"

namespace weft::host {
namespace {

std::size_t place_of(const std::vector<GenerationPlan>& entries, const Node& node) {
  return static_cast<std::size_t>(std::ranges::find(entries, node.owner, &GenerationPlan::node) -
                                  entries.begin());
}

/// Tokens and their mask in the place of a field and of the mask beside it.
void fill(const std::string& field, const Array& tokens, std::int64_t pad_id, TensorMap& batch) {
  Array mask = Array::empty(DType::boolean, tokens.sizes);
  for (std::int64_t i = 0; i < tokens.count(); ++i)
    mask.data<bool>()[i] = tokens.data<std::int64_t>()[i] != pad_id;
  Array present = Array::empty(DType::boolean, {tokens.sizes[0]});
  std::fill_n(present.data<bool>(), present.count(), true);
  batch[field] = from_array(tokens);
  batch[field + "_mask"] = from_array(mask);
  batch[field + "_present"] = from_array(present);
}

std::vector<Tokens> prompts_of(const WriteRequest& request, const std::string& field,
                               std::int64_t begin_id) {
  std::vector<Tokens> prompts(static_cast<std::size_t>(request.rows), {begin_id});
  const auto given = request.prompts.find(field);
  if (given != request.prompts.end())
    for (std::size_t row = 0; row < prompts.size(); ++row)
      prompts[row].insert(prompts[row].end(), given->second[row].begin(), given->second[row].end());
  return prompts;
}

bool reads_node(const Wiring& wiring, std::size_t node, const std::string& data,
                const std::set<std::size_t>& nodes) {
  for (const std::vector<InputSource>& port : wiring.inputs(node, data))
    for (const InputSource& source : port)
      if (source.from == InputSource::From::node && nodes.contains(source.node)) return true;
  return false;
}

/// The values of nodes where some fields have changed: only what follows from these runs anew.
/// @param nodes  in the order in which they run
Values with_changed(const Model& model, const std::vector<std::size_t>& nodes, Values values,
                    const TensorMap& batch, const std::set<std::string>& fields) {
  CallOptions options;
  options.data = values.data;
  options.seed = values.seed;
  std::set<std::size_t> changed;
  for (const std::size_t node : nodes)
    if (reads_any(model.wiring(), {node}, values.data, fields) ||
        reads_node(model.wiring(), node, values.data, changed))
      changed.insert(node);
  for (const std::size_t node : changed) values.outputs.erase(node);
  return model.forward(nodes, batch, options, std::move(values));
}

/// The logits of an entry that go through functions.
/// @param before   values that are known
/// @param changed  fields of the batch that these were not computed of
LastLogits steered(const Model& model, const GenerationPlan& entry, const std::string& field,
                   const Values& before, const TensorMap& batch,
                   const std::set<std::string>& changed, std::int64_t rows) {
  const Wiring& wiring = model.wiring();
  const std::size_t function = wiring.index(entry.logits.node);
  const std::vector<Port>& outputs = wiring.nodes()[function].instance.outputs();
  std::size_t port = 0;
  while (!entry.logits.port.empty() && outputs.at(port).name != entry.logits.port) ++port;
  const Values values = with_changed(
      model, upstream_of_logits(wiring, function, field, before.data), before, batch, changed);
  return steered_logits(model, function, port, field, values, batch, rows, entry.use_cache);
}

}  // namespace

bool reads_any(const Wiring& wiring, const std::vector<std::size_t>& nodes, const std::string& data,
               const std::set<std::string>& fields) {
  for (const std::size_t node : nodes)
    for (const std::vector<InputSource>& port : wiring.inputs(node, data))
      for (const InputSource& source : port)
        if (source.from == InputSource::From::batch && fields.contains(base_field(source.field)))
          return true;
  return false;
}

std::vector<std::size_t> upstream(const Wiring& wiring, std::size_t node, const std::string& data) {
  std::vector<std::size_t> sources;
  for (const std::vector<InputSource>& port : wiring.inputs(node, data))
    for (const InputSource& source : port)
      if (source.from == InputSource::From::node) sources.push_back(source.node);
  return wiring.needed(sources);
}

const GenerationPlan* entry_of(const std::vector<GenerationPlan>& entries, const Node& node) {
  const std::size_t place = place_of(entries, node);
  return place < entries.size() ? &entries[place] : nullptr;
}

std::vector<std::size_t> writers_for(const Wiring& wiring, const std::vector<std::size_t>& nodes,
                                     const std::vector<GenerationPlan>& entries,
                                     const std::string& data) {
  std::set<std::size_t> all(nodes.begin(), nodes.end());
  std::vector<std::size_t> open = nodes;
  while (!open.empty()) {
    const std::size_t node = open.back();
    open.pop_back();
    const std::vector<std::size_t> before = upstream(wiring, node, data);
    for (std::size_t other = 0; other < wiring.nodes().size(); ++other) {
      const Node& one = wiring.nodes()[other];
      if (place_of(entries, one) >= place_of(entries, wiring.nodes()[node]) ||
          all.contains(other) || one.view != wiring.nodes()[node].view)
        continue;
      const std::string field = tokens_field(wiring, other, data);
      if (field.empty() || !reads_any(wiring, before, data, {field, field + "_mask"})) continue;
      all.insert(other);
      open.push_back(other);
    }
  }
  std::vector<std::size_t> writers(all.begin(), all.end());
  std::ranges::stable_sort(writers, std::ranges::less{}, [&](std::size_t node) {
    return place_of(entries, wiring.nodes()[node]);
  });
  return writers;
}

std::map<std::size_t, Written> write_texts(const Model& model,
                                           const std::vector<std::size_t>& nodes,
                                           const Values& values, const TensorMap& batch,
                                           const WriteRequest& request) {
  const GradMode off(false);
  const Wiring& wiring = model.wiring();
  std::map<std::string, TensorMap> filled;              // by view
  std::map<std::string, std::set<std::string>> fields;  // the same
  std::map<std::size_t, Written> written;
  for (const std::size_t node : writers_for(wiring, nodes, request.entries, values.data)) {
    const Node& decoder = wiring.nodes()[node];
    const GenerationPlan& entry = *entry_of(request.entries, decoder);
    if (!entry.stop.empty() && !request.decode)
      throw Error(Exit::bad_recipe, concat("data section \"", values.data,
                                           "\" has no tokenizer, so that no stop text can be "
                                           "found. Remove \"stop\" of the entry of \"",
                                           entry.node, "\"."));
    const SpecialIds ids = special_ids(decoder);
    const std::string field = tokens_field(wiring, node, values.data);
    const TensorMap& own = filled.try_emplace(decoder.view, batch).first->second;
    const std::vector<std::size_t> before = upstream(wiring, node, values.data);
    const bool is_anew = reads_any(wiring, before, values.data, fields[decoder.view]);
    const Values anew =
        is_anew ? with_changed(model, before, values, own, fields[decoder.view]) : Values{};
    const Values& before_it = is_anew ? anew : values;
    const LastLogits last =
        entry.logits.node.empty()
            ? last_logits(model, node, before_it, own, request.rows, entry.use_cache)
            : steered(model, entry, field, before_it, own, fields[decoder.view], request.rows);
    Search search{
        entry,         ids, next_of(last), prompts_of(request, field, ids.begin), request.first_row,
        request.decode};
    if (!entry.draft.node.empty()) {
      const std::size_t draft = wiring.index(entry.draft.node);
      const Values before_draft = with_changed(model, upstream(wiring, draft, values.data),
                                               before_it, own, fields[decoder.view]);
      search.draft =
          next_of(last_logits(model, draft, before_draft, own, request.rows, entry.use_cache));
      search.judge = last;
    }
    if (request.constraints != nullptr) search.constraint = request.constraints->of(entry, ids.end);
    if (request.watch)
      search.watch = [&](const std::vector<Sequence>& texts) { request.watch(decoder, texts); };
    written[node] = find_texts(search);
    if (field.empty()) continue;
    fill(field, to_array(best_tokens(written[node], ids.pad)), ids.pad, filled[decoder.view]);
    fields[decoder.view].insert({field, field + "_mask", field + "_present"});
  }
  return written;
}

Tensor best_tokens(const Written& written, std::int64_t pad_id) {
  std::vector<Tokens> best;
  for (const std::vector<Sequence>& row : written) best.push_back(row.front().tokens);
  return from_array(padded(best, pad_id));
}

}  // namespace weft::host
