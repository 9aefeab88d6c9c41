// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/text_wires.hpp"

#include <algorithm>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/dataset/content.hpp"

namespace weft::host {

std::vector<std::string> texts_read(const Wiring& wiring, const std::vector<std::size_t>& metrics,
                                    const Dataset& data) {
  const auto names = text_names(data.content().options);
  std::set<std::string> fields;
  for (const std::size_t metric : metrics)
    for (const std::vector<InputSource>& port : wiring.inputs(metric, data.name()))
      for (const InputSource& source : port) {
        const auto found = names.find(source.field);
        if (source.from == InputSource::From::batch && found != names.end())
          fields.insert(found->second);
      }
  return {fields.begin(), fields.end()};
}

std::pair<Tensor, Tensor> text_tensors(const std::vector<std::string>& texts) {
  std::size_t length = 1;
  for (const std::string& text : texts) length = std::max(length, text.size());
  const std::vector<std::int64_t> sizes = {std::ssize(texts), static_cast<std::int64_t>(length)};
  Array bytes = Array::empty(DType::uint8, sizes), mask = Array::empty(DType::boolean, sizes);
  std::fill_n(bytes.data<std::uint8_t>(), bytes.count(), std::uint8_t{0});
  std::fill_n(mask.data<bool>(), mask.count(), false);
  for (std::size_t row = 0; row < texts.size(); ++row) {
    std::ranges::copy(texts[row], bytes.data<std::uint8_t>() + row * length);
    std::fill_n(mask.data<bool>() + row * length, texts[row].size(), true);
  }
  return {from_array(bytes), from_array(mask)};
}

void add_texts(const Batch& batch, TensorMap& tensors) {
  for (const auto& [field, texts] : batch.texts) {
    auto [bytes, mask] = text_tensors(texts);
    tensors[field + k_text] = std::move(bytes);
    tensors[field + k_text_mask] = std::move(mask);
  }
}

std::function<std::string(const std::vector<std::int64_t>&)> decoder_of(const Dataset& data) {
  if (!data.content().tokenizer) return nullptr;
  return [&data](const std::vector<std::int64_t>& ids) { return data.decode_tokens(ids); };
}

Constraints constraints_for(const Dataset& data) {
  if (!data.content().tokenizer) return {nullptr, data.name()};
  return {[tokenizer = *data.content().tokenizer] { return tokenizer.token_texts(); }, data.name()};
}

void require_tokenizer(const Dataset& data) {
  if (!data.content().tokenizer)
    throw Error(
        Exit::bad_recipe,
        concat("data section \"", data.name(), "\" has no tokenizer, so that what a decoder ",
               "writes is no text there. Wire its tokens, DECODER.generated, instead."));
}

}  // namespace weft::host
