// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/numbers.hpp"

#include <algorithm>

#include "host/base/text.hpp"
#include "tests/support/component.hpp"

namespace weft::test {
namespace {

constexpr const char* dims = R"({"dim": 8})";

/// The entries below `prefix`, by the rest of their names.
Numbers below(const Numbers& numbers, const std::string& prefix) {
  Numbers found;
  for (const auto& [name, array] : numbers)
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = array;
  return found;
}

/// Inputs by port; a wire that was not given is an absent mask.
Arrays wires(const Numbers& given) {
  Arrays inputs;
  for (const auto& [name, array] : below(given, "in/")) {
    const std::size_t slash = name.find('/');
    const std::size_t wire = std::stoul(name.substr(slash + 1));
    std::vector<Array>& port = inputs[name.substr(0, slash)];
    if (port.size() <= wire) port.resize(wire + 1);
    port[wire] = array;
  }
  return inputs;
}

Arrays batch(const Numbers& given, int number) {
  Arrays inputs;
  for (const auto& [port, array] : below(given, host::concat("batch/", number, "/")))
    inputs[port] = {array};
  return inputs;
}

void set_all(Part& part, const Numbers& given) {
  for (const char* what : {"parameter/", "buffer/"})
    for (const auto& [name, array] : below(given, what)) part.set(name, array);
}

/// Targets [B, S] of which every second one has the largest of its logits [B, S, V].
Array half_right(const Array& logits) {
  const std::int64_t count = logits.sizes[0] * logits.sizes[1], classes = logits.sizes[2];
  std::vector<std::int64_t> targets(static_cast<std::size_t>(count), 1);
  for (std::int64_t row = 0; row + 1 < count; row += 2) {
    const float* const scores = logits.data<float>() + row * classes;
    targets[static_cast<std::size_t>(row + 1)] =
        std::max_element(scores, scores + classes) - scores;
  }
  return ints(targets, {logits.sizes[0], logits.sizes[1]});
}

/// Texts as bytes, uint8 [B, length].
Array bytes(const std::vector<std::string>& texts, std::size_t length) {
  Array all = Array::empty(DType::uint8, {std::ssize(texts), static_cast<std::int64_t>(length)});
  std::fill_n(all.data<std::uint8_t>(), all.count(), std::uint8_t{0});
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::copy(texts[i].begin(), texts[i].end(), all.data<std::uint8_t>() + i * length);
  return all;
}

/// What a call in training makes of the buffers, and the outputs then.
void add_step(Part& part, const Arrays& inputs, Numbers& returned) {
  part.run(inputs, /*training=*/true);
  part.step();
  for (const std::string& name : part.buffer_names()) returned["step/" + name] = part.get(name);
  for (const auto& [port, array] : part.run(inputs)) returned["after/" + port] = array;
}

Numbers inputs_of(const std::string& kind) {
  const Array tokens = ints({2, 5, 7, 3, 0, 2, 9, 1, 4, 3}, {2, 5});
  const Array real = mask({1, 1, 1, 1, 0, 1, 1, 1, 1, 1}, {2, 5});
  if (kind == "encoder")
    return {{"in/image/0", random({2, 1, 4, 6}, 1)}, {"seed/tokens", random({2, 4, 8}, 2)}};
  if (kind == "fusion")
    return {{"in/streams/0", random({2, 3, 8}, 3)},
            {"in/streams/1", random({2, 5, 8}, 4)},
            {"in/masks/1", real},
            {"seed/tokens", random({2, 2, 8}, 5)}};
  if (kind == "reasoning")
    return {{"in/tokens/0", random({2, 5, 8}, 6)},
            {"in/mask/0", real},
            {"seed/state", random({2, 5, 8}, 7)}};
  if (kind == "decoder")
    return {{"in/state/0", random({2, 3, 8}, 8)},
            {"in/target/0", tokens},
            {"seed/logits", random({2, 5, 12}, 9)}};
  if (kind == "loss")
    return {{"in/logits/0", random({2, 5, 12}, 10)},
            {"in/target/0", tokens},
            {"in/mask/0", real},
            {"seed/loss", floats({1.5}, {})}};
  if (kind == "function")
    return {{"in/tokens/0", random({2, 3, 8}, 13)},
            {"in/text/0", bytes({"a dog", "caf\xc3\xa9"}, 6)},
            {"in/text_mask/0", mask({1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0}, {2, 6})},
            {"seed/out", random({2, 3, 8}, 14)}};
  if (kind == "writer")
    return {{"in/state/0", random({2, 3, 8}, 15)},
            {"in/target/0", tokens},
            {"seed/logits", random({2, 5, 12}, 16)}};
  const Array first = random({2, 5, 12}, 11), second = random({2, 5, 12}, 12);
  return {{"batch/0/logits", first},
          {"batch/0/target", half_right(first)},
          {"batch/0/mask", real},
          {"batch/1/logits", second},
          {"batch/1/target", half_right(second)}};
}

}  // namespace

std::vector<GoldenCase> golden_cases(const std::string& abi) {
  std::vector<GoldenCase> all = {
      {"encoder", "golden/encoder.rows", R"({"columns": 6, "dim": 8})", {}},
      {"fusion", "golden/fusion.pool", dims, {{"streams", 2}}},
      {"reasoning", "golden/reasoning.attend", R"({"dim": 8, "heads": 2})", {}},
      {"decoder", "golden/decoder.next_token", R"({"dim": 8, "vocab": 12})", {}},
      {"loss", "golden/loss.quadratic", "{}", {}},
      {"metric", "golden/metric.confidence", "{}", {}},
  };
  if (abi == "0.9") return all;
  all.push_back({"function", "golden/function.loud", dims, {}});
  all.push_back({"writer", "golden/decoder.writer", R"({"dim": 8, "vocab": 12})", {}});
  return all;
}

std::vector<GoldenCase> golden_cases() {
  return golden_cases(host::concat(WEFT_ABI_MAJOR, ".", WEFT_ABI_MINOR));
}

double difference(const Numbers& actual, const Numbers& expected) {
  double largest = 0.0;
  for (const auto& [name, array] : expected)
    largest = std::max(largest, relative_error(actual.at(name), array));
  return largest;
}

Numbers given_to(const GoldenCase& golden, const host::Registry& parts) {
  Numbers given = inputs_of(golden.kind);
  const Part part(parts, golden.id, golden.config, golden.wired);
  int seed = 20;
  for (const std::string& name : part.parameter_names())
    given["parameter/" + name] = random(part.get(name).sizes, seed++);
  for (const std::string& name : part.buffer_names())
    given["buffer/" + name] = random(part.get(name).sizes, seed++);
  return given;
}

Numbers returned_for(const GoldenCase& golden, const host::Registry& parts, const Numbers& given) {
  Part part(parts, golden.id, golden.config, golden.wired);
  set_all(part, given);
  Numbers returned;
  if (golden.kind == "metric") {
    for (int number = 0; !batch(given, number).empty(); ++number) part.update(batch(given, number));
    for (const auto& [port, value] : part.compute())
      returned["value/" + port] = floats({value}, {}, DType::float64);
    return returned;
  }
  Arrays inputs = wires(given);
  if (golden.kind == "fusion" && inputs["masks"].size() < inputs["streams"].size())
    inputs["masks"].resize(inputs["streams"].size());
  for (const auto& [port, array] : part.run(inputs)) returned["out/" + port] = array;
  for (const auto& [port, seed] : below(given, "seed/")) {
    const Part::Gradients gradients = part.gradients(inputs, port, seed);
    for (const auto& [name, arrays] : gradients.inputs)
      for (std::size_t wire = 0; wire < arrays.size(); ++wire)
        if (arrays[wire].bytes)
          returned[host::concat("gradient/in/", name, "/", wire)] = arrays[wire];
    for (const auto& [name, array] : gradients.parameters)
      returned["gradient/parameter/" + name] = array;
  }
  if (golden.kind == "loss") {
    inputs["logits"] = {Array{}};  // as the host asks before it has any
    for (const auto& [port, array] : part.run(inputs, false, 0, WEFT_ROLE_COUNT))
      returned["count/" + port] = array;
  }
  if (golden.kind == "function") add_step(part, inputs, returned);
  if (golden.kind == "writer") returned["written/logits"] = part.written(inputs);
  return returned;
}

}  // namespace weft::test
