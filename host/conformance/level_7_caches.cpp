// SPDX-License-Identifier: Apache-2.0
/// Level 7: a decoder that takes new tokens alone says what it says of whole texts.

#include <algorithm>
#include <numeric>

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
  explicit Writer(const Examination& examination) : subject_(find_subject(examination)) {
    const Instance& instance = subject_.specimen.instance;
    if ((instance.traits() & WEFT_INCREMENTAL) == 0)
      throw NotApplicable("it does not promise WEFT_INCREMENTAL");
    const auto* rules =
        static_cast<const weft_autoregressive*>(instance.extension(WEFT_AUTOREGRESSIVE));
    if (rules == nullptr || !WEFT_HAS(rules, pad_id))
      throw Fault("it promises WEFT_INCREMENTAL, but offers no " WEFT_AUTOREGRESSIVE,
                  "take the promise back: only decoders that write are given new tokens alone.");
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

void caches(const Examination& examination) {
  const GradMode off(false);
  Writer writer(examination);
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
