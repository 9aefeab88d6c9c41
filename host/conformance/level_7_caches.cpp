// SPDX-License-Identifier: Apache-2.0
/// Level 7: a decoder that takes new tokens alone says what it says of whole texts, and a function
/// that takes new positions alone what it says of all.

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/caches.hpp"

namespace weft::host {
namespace {

using Arrays = std::vector<std::vector<Array>>;
using Counts = std::vector<std::int64_t>;

std::size_t port_named(const std::vector<Port>& ports, const std::string& name) {
  const auto found = std::ranges::find(ports, name, &Port::name);
  if (found == ports.end())
    throw Fault(concat("weft_autoregressive names a port \"", name, "\" that it has not"));
  return static_cast<std::size_t>(found - ports.begin());
}

/// A decoder, inputs that it takes, and what a whole pass makes of them.
class Writer {
 public:
  explicit Writer(Subject subject) : subject_(std::move(subject)) {
    const Instance& instance = subject_.specimen.instance;
    const auto* rules =
        static_cast<const weft_autoregressive*>(instance.extension(WEFT_AUTOREGRESSIVE));
    if (rules == nullptr || !WEFT_HAS(rules, pad_id))
      throw Fault(
          "it promises WEFT_INCREMENTAL, but offers no " WEFT_AUTOREGRESSIVE,
          "take the promise back: only decoders that write, and functions, are given new tokens "
          "alone.");
    pad_ = rules->pad_id;
    tokens_ = port_named(instance.inputs(), rules->tokens);
    logits_ = port_named(instance.outputs(), rules->logits);
    inputs_ = subject_.draw(1);
    whole_ = to_array(subject_.specimen.call(WEFT_ROLE_FORWARD, to_tensors(inputs_)).at(logits_));
    for (const CacheDecl& cache : instance.caches())
      specs_.push_back({cache.name, cache.kind, cache.axis});
  }

  std::int64_t rows() const { return whole_.sizes.at(0); }
  std::int64_t length() const { return whole_.sizes.at(1); }

  /// Throws Fault unless all logits are those of the whole pass when the text is given in steps.
  /// @param steps  new tokens of each row in each call
  /// @param swap   the rows change places before each call but the first
  /// @param when   for the sentence
  void expect_same(const std::vector<Counts>& steps, bool swap, const std::string& when) {
    Caches caches(specs_);
    Counts places(static_cast<std::size_t>(rows()));  // of which row of the inputs a row is
    std::iota(places.begin(), places.end(), 0);
    Counts done(places.size(), 0);
    caches.clear(rows());
    for (const Counts& step : steps) {
      NewTokens tokens;
      tokens.parents.resize(places.size());
      std::iota(tokens.parents.begin(), tokens.parents.end(), 0);
      if (swap && &step != &steps.front()) {
        std::ranges::reverse(tokens.parents);
        std::ranges::reverse(places);
        std::ranges::reverse(done);
      }
      tokens.kept = done;
      tokens.fresh = step;
      caches.prepare(tokens);
      CallOptions options;
      options.caches = &caches;
      const Array found =
          to_array(subject_.specimen.call(WEFT_ROLE_FORWARD, inputs_of(places, done, step), options)
                       .at(logits_));
      caches.advance();
      compare(found, places, done, step, when);
      for (std::size_t i = 0; i < done.size(); ++i) done[i] += step[i];
    }
  }

 private:
  /// The inputs with rows in this order, and of the tokens those behind `done` alone.
  InputTensors inputs_of(const Counts& places, const Counts& done, const Counts& step) const {
    InputTensors inputs = to_tensors(inputs_);
    for (std::size_t port = 0; port < inputs.size(); ++port)
      for (Tensor& tensor : inputs[port])
        if (tensor && subject_.specimen.instance.inputs()[port].shape.starts_with("[B"))
          tensor = taken_rows(tensor, places);
    const std::int64_t most = std::ranges::max(step);
    Array tokens = Array::empty(DType::int64, {rows(), most});
    std::fill_n(tokens.data<std::int64_t>(), tokens.count(), pad_);
    const std::int64_t* const all = inputs_[tokens_].at(0).data<std::int64_t>();
    for (std::size_t i = 0; i < places.size(); ++i)
      std::copy_n(all + places[i] * length() + done[i], step[i],
                  tokens.data<std::int64_t>() + static_cast<std::int64_t>(i) * most);
    inputs[tokens_] = {from_array(tokens)};
    return inputs;
  }

  void compare(const Array& found, const Counts& places, const Counts& done, const Counts& step,
               const std::string& when) const {
    const std::int64_t classes = whole_.sizes.at(2), most = std::ranges::max(step);
    if (found.sizes != std::vector<std::int64_t>{rows(), most, classes})
      throw Fault(concat("given ", most, " new tokens, it wrote logits ", shape_text(found.sizes)));
    for (std::size_t i = 0; i < places.size(); ++i)
      for (std::int64_t t = 0; t < step[i]; ++t) {
        Array one = Array::empty(DType::float32, {classes});
        Array expected = Array::empty(DType::float32, {classes});
        std::copy_n(found.data<float>() + (static_cast<std::int64_t>(i) * most + t) * classes,
                    classes, one.data<float>());
        std::copy_n(whole_.data<float>() + (places[i] * length() + done[i] + t) * classes, classes,
                    expected.data<float>());
        if (const double by = difference(one, expected); by > 1e-5)
          throw Fault(concat("the logits at position ", done[i] + t, " differ by ", by,
                             " from those of a whole pass ", when));
      }
  }

  Subject subject_;
  std::vector<CacheSpec> specs_;
  Arrays inputs_;
  Array whole_;
  std::size_t tokens_ = 0, logits_ = 0;
  std::int64_t pad_ = 0;
};

/// "T" of "[B, T, V]"; empty where there is no second axis.
std::string second_axis(const Port& port) {
  const std::size_t comma = port.shape.find(", ");
  if (comma == std::string::npos) return "";
  return port.shape.substr(comma + 2, port.shape.find_first_of(",]", comma + 2) - comma - 2);
}

/// Of [B, T, …] the last of T.
Array last_of(const Array& array) {
  std::vector<std::int64_t> sizes = array.sizes;
  const std::int64_t length = std::exchange(sizes.at(1), 1);
  Array last = Array::empty(array.dtype, sizes);
  const std::size_t size = array.byte_count() / static_cast<std::size_t>(sizes[0] * length);
  for (std::size_t row = 0; row < static_cast<std::size_t>(sizes[0]); ++row)
    std::copy_n(array.bytes.get() + ((row + 1) * static_cast<std::size_t>(length) - 1) * size, size,
                last.bytes.get() + row * size);
  return last;
}

/// A function says of a position the same when it is given that one alone.
void expect_positions_alone(Subject& subject) {
  const Instance& instance = subject.specimen.instance;
  const std::string axis = second_axis(instance.outputs().front());
  Arrays inputs = subject.draw(1);
  const auto whole = subject.specimen.call(WEFT_ROLE_FORWARD, to_tensors(inputs));
  for (std::size_t port = 0; port < inputs.size(); ++port)
    for (Array& input : inputs[port])
      if (input.bytes && second_axis(instance.inputs()[port]) == axis) input = last_of(input);
  const auto alone = subject.specimen.call(WEFT_ROLE_FORWARD, to_tensors(inputs));
  for (std::size_t port = 0; port < whole.size(); ++port) {
    if (!whole[port] || second_axis(instance.outputs()[port]) != axis) continue;
    const Array found = to_array(alone[port]), expected = last_of(to_array(whole[port]));
    if (const double by = difference(found, expected); by > 1e-5)
      throw Fault(concat("output \"", instance.outputs()[port].name,
                         "\" at the last position "
                         "differs by ",
                         by, " when it is given that position alone"),
                  "look at each position by itself, or take the promise WEFT_INCREMENTAL back.");
  }
}

void caches(const Examination& examination) {
  const GradMode off(false);
  Subject subject = find_subject(examination);
  if ((subject.specimen.instance.traits() & WEFT_INCREMENTAL) == 0)
    throw NotApplicable("it does not promise WEFT_INCREMENTAL");
  if (subject.part.kind == WEFT_KIND_FUNCTION) return expect_positions_alone(subject);
  Writer writer(std::move(subject));
  const auto rows = static_cast<std::size_t>(writer.rows());
  const std::int64_t length = writer.length();
  const auto all = [&](std::int64_t count) { return Counts(rows, count); };
  writer.expect_same({all(length)}, false, "when all are new");
  std::vector<Counts> one_by_one(static_cast<std::size_t>(length), all(1));
  writer.expect_same(one_by_one, false, "when they are given one by one");
  writer.expect_same(one_by_one, true, "when the rows change places between calls");
  if (length < 2 || rows < 2) return;
  writer.expect_same({all(1), all(length - 1)}, false, "when they are given in two pieces");
  // The first row is ahead of the others.
  std::vector<Counts> uneven = one_by_one;
  Counts ahead(rows, 0), behind(rows, 1);
  ahead[0] = 1;
  behind[0] = 0;
  uneven.insert(uneven.begin() + 1, ahead);
  uneven[uneven.size() - 1] = behind;
  writer.expect_same(uneven, false, "when rows have texts of different length");
}

}  // namespace

std::vector<Test> cache_tests() {
  return {{"caches", 7, true, "call", "drafts.h, WEFT_INCREMENTAL",
           "keep what later tokens need of earlier ones in a cache, and take positions from the "
           "sequence.",
           caches}};
}

}  // namespace weft::host
