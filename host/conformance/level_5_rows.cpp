// SPDX-License-Identifier: Apache-2.0
/// Level 5: what the rows of a batch have to do with one another, and rows that are not there.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/conformance/compare.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "host/graph/presence_ports.hpp"

namespace weft::host {
namespace {

using Arrays = std::vector<std::vector<Array>>;

constexpr std::int64_t k_rows = 4;    // of a batch that is taken apart
constexpr std::int64_t k_absent = 1;  // the row that is not there
constexpr double k_tolerance = 1e-4;  // other sizes may be summed in another order

bool begins_with_batch(const Port& port) {
  const Shape shape = *parse_shape(port.shape);
  return shape.leading || (!shape.axes.empty() && shape.axes.front() == "B");
}

bool is_loss(const Subject& subject) {
  return subject.part.kind == WEFT_KIND_LOSS;
}

void require_inputs_by_row(const Subject& subject) {
  const std::vector<Port>& inputs = subject.specimen.instance.inputs();
  if (inputs.empty()) throw NotApplicable("it has no input");
  if (!std::ranges::all_of(inputs, begins_with_batch))
    throw NotApplicable("not all its ports begin with the batch");
}

/// Throws NotApplicable unless each row of the outputs, or a loss's sums, come of rows alone.
void require_own_rows(const Subject& subject) {
  if ((subject.specimen.instance.traits() & WEFT_COUPLES_SAMPLES) != 0)
    throw NotApplicable("it declares that its samples depend on each other");
  if (subject.part.kind == WEFT_KIND_METRIC)
    throw NotApplicable("its outputs are one number for all batches; see test merges");
  require_inputs_by_row(subject);
  if (!is_loss(subject) &&
      !std::ranges::all_of(subject.specimen.instance.outputs(), begins_with_batch))
    throw NotApplicable("not all its ports begin with the batch");
}

Arrays draw_rows(const Subject& subject, std::uint64_t seed) {
  Sizing sizing = subject.sizing;
  sizing.batch = k_rows;
  return subject.draw(seed, DType::float32, sizing);
}

Arrays rows_of(const Arrays& inputs, std::int64_t first, std::int64_t count) {
  Arrays rows = inputs;
  for (auto& port : rows)
    for (Array& array : port) array = rows_of(array, first, count);
  return rows;
}

/// The array with some rows out of another one of its shape.
Array with_rows(const Array& array, const Array& other, std::int64_t first, std::int64_t count) {
  Array mixed = copy_of(array);
  const std::size_t bytes = array.byte_count() / static_cast<std::size_t>(array.sizes.at(0));
  const std::size_t begin = static_cast<std::size_t>(first) * bytes;
  std::memcpy(mixed.bytes.get() + begin, other.bytes.get() + begin,
              static_cast<std::size_t>(count) * bytes);
  return mixed;
}

std::vector<Array> outputs_of(Subject& subject, const Arrays& inputs,
                              const CallOptions& options = {}) {
  return to_arrays(run(subject, subject.specimen, to_tensors(inputs), options));
}

void expect_own_rows(Subject& subject, const std::vector<Array>& together,
                     const std::vector<Array>& found, const std::string& when) {
  std::vector<Array> expected;
  for (const Array& array : together) expected.push_back(rows_of(array, 0, 1));
  expect_equal(subject.specimen, found, expected, k_tolerance, when);
}

/// The sum and the weight that a loss makes of a batch are those of its parts, added up.
void expect_sums(Subject& subject, const Arrays& whole, const CallOptions& options) {
  const auto together = outputs_of(subject, whole, options);
  const auto first = outputs_of(subject, rows_of(whole, 0, k_rows / 2), options);
  const auto rest = outputs_of(subject, rows_of(whole, k_rows / 2, k_rows / 2), options);
  const auto& outputs = subject.specimen.instance.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].name != "loss" && outputs[i].name != "weight") continue;
    const double expected = element(together[i], 0);
    const double found = element(first[i], 0) + element(rest[i], 0);
    if (!std::isfinite(expected)) throw NotApplicable("test finite has to pass first");
    if (std::abs(found - expected) <= k_tolerance * std::max(1.0, std::abs(expected))) continue;
    throw Fault(concat("output \"", outputs[i].name, "\" of a batch",
                       options.training ? ", in training," : "", " is ", expected,
                       ", and those of its two halves add up to ", found));
  }
}

void samples(const Examination& examination) {
  Subject subject = find_subject(examination);
  require_own_rows(subject);
  const GradMode off(false);
  const Arrays whole = draw_rows(subject, 1);
  if (is_loss(subject)) return expect_sums(subject, whole, {});
  expect_own_rows(subject, outputs_of(subject, whole), outputs_of(subject, rows_of(whole, 0, 1)),
                  "for a sample without its neighbours");
}

/// The buffers of a specimen as they were when this was made.
class Buffers {
 public:
  explicit Buffers(Specimen& specimen)
      : specimen_(specimen), values_(to_arrays(specimen.buffers)) {}
  void restore() const {
    for (std::size_t i = 0; i < values_.size(); ++i) copy_into(specimen_.buffers[i], values_[i]);
  }

 private:
  Specimen& specimen_;
  std::vector<Array> values_;
};

/// In training a row of the outputs is the same whatever stands in the other rows. Random numbers
/// are the same too: the sizes are.
void expect_rows_of_training(Subject& subject, const Arrays& whole, const Buffers& buffers) {
  const CallOptions training{true, 1};
  Arrays other = draw_rows(subject, 2);
  for (std::size_t p = 0; p < whole.size(); ++p)
    for (std::size_t w = 0; w < whole[p].size(); ++w)
      other[p][w] = with_rows(other[p][w], whole[p][w], 0, 1);
  const auto once = outputs_of(subject, whole, training);
  buffers.restore();
  const auto again = outputs_of(subject, whole, training);
  for (std::size_t i = 0; i < once.size(); ++i)
    if (!same_bits(once[i], again[i])) throw NotApplicable("test recompute has to pass first");
  buffers.restore();
  std::vector<Array> found;
  for (const Array& array : outputs_of(subject, other, training))
    found.push_back(rows_of(array, 0, 1));
  expect_own_rows(subject, once, found, "in training, for a sample whose neighbours are others");
}

/// Two halves of a batch leave the buffers as the whole batch does.
void expect_buffers_of_training(Subject& subject, const Arrays& whole, const Buffers& buffers) {
  const CallOptions training{true, 1};
  buffers.restore();
  outputs_of(subject, whole, training);
  const auto expected = to_arrays(subject.specimen.buffers);
  buffers.restore();
  outputs_of(subject, rows_of(whole, 0, k_rows / 2), training);
  outputs_of(subject, rows_of(whole, k_rows / 2, k_rows / 2), training);
  const auto found = to_arrays(subject.specimen.buffers);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (const double differs = difference(found[i], expected[i]); !(differs <= k_tolerance))
      throw Fault(concat("after two halves of a batch, in training, buffer \"",
                         subject.specimen.instance.buffers()[i].name, "\" differs by ", differs,
                         " from what it is after the whole batch"));
}

void micro_batches(const Examination& examination) {
  Subject subject = find_subject(examination);
  require_own_rows(subject);
  const GradMode off(false);
  const Buffers buffers(subject.specimen);
  const Arrays whole = draw_rows(subject, 1);
  expect_buffers_of_training(subject, whole, buffers);
  buffers.restore();
  if (!is_loss(subject)) return expect_rows_of_training(subject, whole, buffers);
  const auto once = outputs_of(subject, whole, {true, 1});
  const auto again = outputs_of(subject, whole, {true, 2});
  for (std::size_t i = 0; i < once.size(); ++i)
    if (!same_bits(once[i], again[i]))
      throw NotApplicable("it draws random numbers in training, which halves draw otherwise");
  expect_sums(subject, whole, {true, 1});
}

/// A port that says which rows are there, and those of which it says so.
struct Presence {
  std::size_t port;
  std::vector<std::size_t> streams;
  bool of_samples;  ///< else a mask of elements, whose samples may count without any
};

std::vector<Presence> presence_ports(const Subject& subject) {
  const std::vector<Port>& inputs = subject.specimen.instance.inputs();
  // What an element that is hidden makes of the other outputs of its row, only these promise.
  const bool sums = is_loss(subject) || subject.part.kind == WEFT_KIND_METRIC;
  std::vector<Presence> all;
  for (std::size_t p = 0; p < inputs.size(); ++p) {
    if (inputs[p].dtypes != WEFT_DTYPES(WEFT_DTYPE_BOOL)) continue;
    const auto stream = followed_by(inputs, inputs[p]);
    if (is_for_all(inputs[p]))
      all.push_back({p, streams_of_all(inputs), true});
    else if (stream && (inputs[p].mask_of.empty() || has_one_axis(inputs[p])))
      all.push_back({p, {*stream}, true});
    else if (stream && sums)
      all.push_back({p, {*stream}, false});
  }
  return all;
}

void set_row(Array& presence, std::int64_t row, bool there) {
  const auto length = static_cast<std::size_t>(presence.count() / presence.sizes.at(0));
  presence = copy_of(presence);
  std::fill_n(presence.data<bool>() + static_cast<std::size_t>(row) * length, length, there);
}

/// The inputs with all samples there but for one, of which these ports say that it is not.
Arrays without_row(Arrays inputs, const std::vector<Presence>& all,
                   const std::vector<Presence>& absent) {
  for (const Presence& one : all)
    for (Array& array : inputs[one.port])
      for (std::int64_t row = 0; one.of_samples && row < k_rows; ++row) set_row(array, row, true);
  for (const Presence& one : absent)
    for (Array& array : inputs[one.port]) set_row(array, k_absent, false);
  return inputs;
}

/// What stands in a row that is not there changes nothing.
void expect_unread(Subject& subject, const Arrays& inputs, const Arrays& others,
                   const Presence& presence) {
  Arrays changed = inputs;
  for (const std::size_t p : presence.streams)
    for (std::size_t w = 0; w < inputs[p].size(); ++w)
      changed[p][w] = with_rows(inputs[p][w], others[p][w], k_absent, 1);
  const std::string& name = subject.specimen.instance.inputs()[presence.port].name;
  expect_equal(subject.specimen, outputs_of(subject, changed), outputs_of(subject, inputs), 1e-5,
               concat("when other numbers stand in a row for which \"", name, "\" is false"));
}

/// All rows but the absent one: those in front of it, then those behind it.
Array without_absent(const Array& array) {
  Array rows = rows_of(array, 0, k_rows - 1);
  const Array behind = rows_of(array, k_absent + 1, k_rows - k_absent - 1);
  std::memcpy(rows.bytes.get() + rows_of(array, 0, k_absent).byte_count(), behind.bytes.get(),
              behind.byte_count());
  return rows;
}

/// Of a loss or metric: a batch with a row that is not there counts as that batch without the row.
/// What is told of each row is told of the others alike.
void expect_uncounted(Subject& subject, const Arrays& inputs) {
  Arrays fewer = inputs;
  for (auto& port : fewer)
    for (Array& array : port) array = without_absent(array);
  std::vector<Array> found = outputs_of(subject, inputs);
  const std::vector<Port>& ports = subject.specimen.instance.outputs();
  for (std::size_t i = 0; i < found.size(); ++i)
    if (ports[i].shape.starts_with("[B") && found[i].bytes) found[i] = without_absent(found[i]);
  expect_equal(subject.specimen, found, outputs_of(subject, fewer), 1e-5,
               "for a batch with a row that is absent, and that batch without the row");
}

void absent_rows(const Examination& examination) {
  Subject subject = find_subject(examination);
  const std::vector<Presence> all = presence_ports(subject);
  if (all.empty()) throw NotApplicable("no port tells it which samples are there");
  if (!subject.sizing.optional) throw NotApplicable("it refuses its optional ports");
  require_inputs_by_row(subject);
  const GradMode off(false);
  const Arrays inputs = draw_rows(subject, 1), others = draw_rows(subject, 2);
  std::vector<Presence> of_samples;
  for (const Presence& one : all) {
    expect_unread(subject, without_row(inputs, all, {one}), others, one);
    if (one.of_samples) of_samples.push_back(one);
  }
  if (of_samples.empty()) return;
  if (is_loss(subject) || subject.part.kind == WEFT_KIND_METRIC)
    expect_uncounted(subject, without_row(inputs, all, of_samples));
}

}  // namespace

std::vector<Test> row_tests() {
  return {
      {"samples", 5, true, "shapes", "abi.h, WEFT_COUPLES_SAMPLES",
       "find where a row of the batch reads another one, in a sum, mean, norm or reshape over the "
       "first axis, and keep it to its own; if it is meant to, declare WEFT_COUPLES_SAMPLES.",
       samples},
      {"micro_batches", 5, true, "samples", "abi.h, WEFT_COUPLES_SAMPLES",
       "declare WEFT_COUPLES_SAMPLES, as batch norm and moving averages of the batch must: a "
       "recipe "
       "then trains it in whole batches.",
       micro_batches},
      {"absent_rows", 5, true, "shapes", "abi.h, weft_port",
       "select or weigh rows by the port that is false for them, in the sum, the weight and every "
       "mean.",
       absent_rows},
  };
}

}  // namespace weft::host
