// SPDX-License-Identifier: Apache-2.0
/// What a sample lacks counts in no loss and no metric: a batch with absent rows gives the numbers
/// and the gradients of the batch without them, whatever the absent rows hold.

#include <cmath>
#include <functional>
#include <limits>

#include "host/registry/registry.hpp"
#include "tests/plugins/metrics/texts.hpp"
#include "tests/plugins/weights.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

constexpr std::int64_t k_rows = 5;
/// Where absent rows stand among the others: at the beginning, in the midst and at the end.
const std::vector<bool> k_there = {false, true, true, false, false, true, true, true, false};

struct Trial {
  std::string id, config;
  Arrays inputs;                      ///< k_rows samples, nothing absent
  std::vector<std::string> presence;  ///< ports that tell of absence; each tells of its own rows
};

Array bools(std::vector<std::int64_t> sizes, int seed) {
  const Array from = random(sizes, seed, DType::float64);
  std::vector<int> values;
  for (std::int64_t i = 0; i < from.count(); ++i) values.push_back(element(from, i) > 0 ? 1 : 0);
  return mask(values, std::move(sizes));
}

Array numbers(std::vector<std::int64_t> sizes, int seed) {
  return random(std::move(sizes), seed, DType::float64);
}

/// Metrics of texts, ranks and boxes.
std::vector<Trial> more_trials(const Arrays& classes, const Arrays& tokens) {
  const Array written = texts({"a red cat sits", "the answer is 7", "no", "two dogs", "a cat"});
  const Array right = texts({"the red cat sits", "so it is 7", "yes", "two dogs run", "one cat"});
  const Arrays pair{{"predicted", {written}}, {"target", {right}}};
  const std::vector<std::string> all = {"present"};
  Arrays bytes = tokens;
  bytes["text"] = {right};
  std::vector<Trial> trials;
  for (const char* id :
       {"bleu", "chrf", "cider", "final_answer", "meteor", "rouge", "squad", "vqa_accuracy", "wer"})
    trials.push_back({std::string("metric.") + id, "{}", pair, all});
  for (const char* id : {"auroc", "balanced_accuracy"})
    trials.push_back({std::string("metric.") + id, R"({"classes": 3})", classes, all});
  trials.push_back({"metric.calibration", "{}", classes, all});
  trials.push_back({"metric.agreement", "{}", {{"first", {written}}, {"second", {right}}}, all});
  trials.push_back({"metric.byte_perplexity", "{}", bytes, all});
  trials.push_back(
      {"metric.ranking",
       "{}",
       {{"scores", {numbers({k_rows, 4}, 16)}}, {"relevant", {bools({k_rows, 4}, 17)}}},
       all});
  std::vector<double> found, there;
  for (int i = 0; i < k_rows; ++i) {
    found.insert(found.end(), {0.1, 0.1, 0.5, 0.4 + 0.05 * i, 0.5, 0.5, 0.9, 0.9});
    there.insert(there.end(), {0.1, 0.1, 0.5, 0.5});
  }
  trials.push_back({"metric.mean_average_precision",
                    R"({"classes": 2, "width": 100, "height": 100})",
                    {{"boxes", {floats(found, {k_rows, 2, 4}, DType::float64)}},
                     {"scores", {numbers({k_rows, 2}, 18)}},
                     {"labels", {ints({0, 1, 0, 0, 1, 0, 0, 1, 1, 1}, {k_rows, 2})}},
                     {"target", {floats(there, {k_rows, 1, 4}, DType::float64)}},
                     {"target_label", {ints({0, 0, 1, 0, 1}, {k_rows, 1})}}},
                    all});
  for (const char* id : {"loss.ctc", "metric.ctc_error_rate"})
    trials.push_back({id,
                      "{}",
                      {{"logits", {numbers({k_rows, 5, 4}, 19)}},
                       {"target", {ints({1, 2, 3, 3, 2, 1, 1, 3, 2, 2}, {k_rows, 2})}}},
                      all});
  trials.push_back({"loss.detection",
                    "{}",
                    {{"logits", {numbers({k_rows, 2, 3}, 20)}},
                     {"boxes", {floats(found, {k_rows, 2, 4}, DType::float64)}},
                     {"target", {floats(there, {k_rows, 1, 4}, DType::float64)}},
                     {"target_label", {ints({0, 0, 1, 0, 1}, {k_rows, 1})}}},
                    all});
  return trials;
}

std::vector<Trial> trials() {
  const Array target = ints({0, 2, 1, 1, 2}, {k_rows});
  const Arrays classes{{"logits", {numbers({k_rows, 3}, 1)}}, {"target", {target}}};
  const Array words = ints(
      {2, 7, 8, 3, 0, 2, 5, 3, 0, 0, 7, 3, 0, 0, 0, 2, 8, 8, 9, 3, 2, 3, 0, 0, 0}, {k_rows, 5});
  const Array other = ints({7, 8, 3, 5, 6, 3, 7, 3, 0, 8, 9, 3, 4, 3, 0}, {k_rows, 3});
  const Arrays tokens{{"logits", {numbers({k_rows, 5, 10}, 2)}},
                      {"target", {words}},
                      {"mask", {bools({k_rows, 5}, 3)}}};
  const Arrays pairs{{"left", {numbers({k_rows, 4}, 4)}}, {"right", {numbers({k_rows, 4}, 5)}}};
  Arrays grouped = pairs;
  grouped["group"] = {ints({1, 2, 1, 3, 2}, {k_rows})};
  const Arrays values{{"prediction", {numbers({k_rows, 4, 3}, 13)}},
                      {"target", {numbers({k_rows, 4, 3}, 14)}},
                      {"mask", {bools({k_rows, 4}, 15)}}};
  Arrays taught = tokens, scored = tokens;
  taught["teacher"] = {numbers({k_rows, 5, 10}, 21)};
  scored["score"] = {numbers({k_rows, 2}, 22)};
  const Arrays states{{"student", {numbers({k_rows, 2, 4}, 23)}},
                      {"teacher", {numbers({k_rows, 2, 3}, 24)}},
                      {"mask", {bools({k_rows, 2}, 25)}}};
  const std::vector<std::string> all = {"present"}, halves = {"left_present", "right_present"};
  const char* const square = R"({"left_dim": 4, "right_dim": 4})";
  std::vector<Trial> trials = more_trials(classes, tokens);
  const std::vector<Trial> others = {
      {"loss.cross_entropy", R"({"label_smoothing": 0.1})", classes, all},
      {"loss.cross_entropy", R"({"next_token": true})", tokens, all},
      {"loss.cross_entropy", R"({"class_weights": [1, 2, 3], "z_loss": 0.1})", classes, all},
      {"loss.distillation", R"({"next_token": true})", taught, all},
      {"loss.reasoning_steps", R"({"ends": [8], "weights": [1, 2]})", scored, all},
      {"loss.hidden_distillation", R"({"dim": 4, "teacher_dim": 3, "project": true})", states, all},
      {"loss.focal", "{}", classes, all},
      {"loss.contrastive", square, pairs, halves},
      {"loss.contrastive", square, grouped, halves},
      {"loss.contrastive", square, pairs, {"right_present"}},
      {"loss.masked_patches",
       R"({"height": 4, "width": 4, "channels": 1, "patch": 2, "normalize": true})",
       {{"prediction", {numbers({k_rows, 4, 4}, 6)}},
        {"image", {numbers({k_rows, 1, 4, 4}, 7)}},
        {"masked", {bools({k_rows, 4}, 8)}}},
       all},
      {"loss.masked_frames",
       R"({"features": 3})",
       {{"prediction", {numbers({k_rows, 6, 3}, 9)}},
        {"frames", {numbers({k_rows, 6, 3}, 10)}},
        {"masked", {bools({k_rows, 6}, 11)}},
        {"masked_bands", {bools({k_rows, 3}, 12)}}},
       all},
      {"loss.mse", "{}", values, all},
      {"loss.l1", "{}", values, all},
      {"loss.huber", "{}", values, all},
      {"metric.mae", "{}", values, all},
      {"metric.rmse", "{}", values, all},
      {"metric.accuracy", "{}", classes, all},
      {"metric.accuracy", R"({"next_token": true})", tokens, all},
      {"metric.f1", R"({"classes": 3})", classes, all},
      {"metric.f1", R"({"classes": 3, "average": "micro"})", classes, all},
      {"metric.perplexity", "{}", tokens, all},
      {"metric.recall", R"({"dim": 4})", pairs, halves},
      {"metric.recall", R"({"dim": 4})", grouped, halves},
      {"metric.exact_match", "{}", {{"predicted", {other}}, {"target", {words}}}, all},
      {"metric.exact_match",
       "{}",
       {{"predicted", {other}}, {"target", {words}}, {"others", {other}}},
       all},
  };
  trials.insert(trials.end(), others.begin(), others.end());
  return trials;
}

/// The array with rows between its own that hold the worst: NaN, a text of x, and a class or token
/// 0 as the host leaves it.
Array among_absent(const Array& array) {
  std::vector<std::int64_t> sizes = array.sizes;
  sizes[0] = static_cast<std::int64_t>(k_there.size());
  Array result = Array::empty(array.dtype, sizes);
  const std::size_t bytes = array.byte_count() / static_cast<std::size_t>(array.sizes[0]);
  const std::int64_t width = array.count() / array.sizes[0];
  std::int64_t from = 0;
  for (std::size_t row = 0; row < k_there.size(); ++row) {
    const auto at = static_cast<std::int64_t>(row) * width;
    if (k_there[row]) {
      std::copy_n(array.bytes.get() + static_cast<std::size_t>(from++) * bytes, bytes,
                  result.bytes.get() + row * bytes);
      continue;
    }
    for (std::int64_t i = at; i < at + width; ++i) {
      if (array.dtype == DType::float64)
        result.data<double>()[i] = std::numeric_limits<double>::quiet_NaN();
      else if (array.dtype == DType::int64)
        result.data<std::int64_t>()[i] = 0;
      else if (array.dtype == DType::uint8)
        result.data<std::uint8_t>()[i] = 'x';
      else
        result.data<bool>()[i] = i % 2 == 0;
    }
  }
  return result;
}

/// The trial's inputs among absent rows. Of several ports each tells of some of them.
Arrays with_absent_rows(const Trial& trial) {
  Arrays inputs;
  for (const auto& [port, wires] : trial.inputs)
    for (const Array& array : wires) inputs[port].push_back(among_absent(array));
  for (std::size_t p = 0; p < trial.presence.size(); ++p) {
    std::vector<int> flags;
    std::size_t absent = 0;
    for (const bool there : k_there)
      flags.push_back(there || absent++ % trial.presence.size() != p ? 1 : 0);
    inputs[trial.presence[p]] = {mask(flags, {static_cast<std::int64_t>(flags.size())})};
  }
  return inputs;
}

std::map<std::string, std::uint32_t> wires_of(const Arrays& inputs) {
  std::map<std::string, std::uint32_t> wires;
  for (const auto& [port, arrays] : inputs) wires[port] = static_cast<std::uint32_t>(arrays.size());
  return wires;
}

void expect_same_loss(const Trial& trial) {
  const Arrays mixed = with_absent_rows(trial);
  Part whole(trial.id, trial.config, wires_of(mixed), DType::float64);
  Part alone(trial.id, trial.config, wires_of(trial.inputs), DType::float64);
  const auto expected = alone.run(trial.inputs), found = whole.run(mixed);
  for (const char* port : {"loss", "weight"})
    EXPECT_NEAR(element(found.at(port), 0), element(expected.at(port), 0), 1e-12)
        << trial.id << ", " << port;
  EXPECT_GT(element(expected.at("weight"), 0), 0.0) << "else the test shows nothing";

  const Array seed = floats({1}, {}, DType::float64);
  const auto right = alone.gradients(trial.inputs, "loss", seed).inputs;
  const auto gradients = whole.gradients(mixed, "loss", seed).inputs;
  for (const auto& [port, wires] : right) {
    if (wires.empty() || !wires[0].bytes) continue;
    const Array& all = gradients.at(port).at(0);
    std::int64_t from = 0;
    for (std::size_t at = 0; at < k_there.size(); ++at) {
      const Array part = row(all, static_cast<std::int64_t>(at));
      const Array one =
          k_there[at] ? row(wires[0], from++) : numbers(part.sizes, 1);  // only its sizes count
      for (std::int64_t i = 0; i < part.count(); ++i)
        EXPECT_NEAR(element(part, i), k_there[at] ? element(one, i) : 0.0, 1e-12)
            << trial.id << ", " << port << ", row " << at;
    }
  }
}

/// The rows of every input that `take` names.
Arrays some_rows(const Arrays& inputs, std::int64_t first, std::int64_t count) {
  Arrays some;
  for (const auto& [port, wires] : inputs)
    for (const Array& array : wires) some[port].push_back(rows(array, first, count));
  return some;
}

void expect_same_metric(const Trial& trial) {
  const Arrays mixed = with_absent_rows(trial);
  Part whole(trial.id, trial.config, wires_of(mixed), DType::float64);
  Part alone(trial.id, trial.config, wires_of(trial.inputs), DType::float64);
  alone.update(trial.inputs);
  // Batches of which the first holds nobody at all.
  whole.update(some_rows(mixed, 0, 1));
  whole.update(some_rows(mixed, 1, 4));
  whole.update(some_rows(mixed, 5, 4));
  const auto expected = alone.compute(), found = whole.compute();
  for (const auto& [port, value] : expected)
    EXPECT_NEAR(found.at(port), value, 1e-12) << trial.id << ", " << port;
}

TEST(AbsentRows, ChangeNothing) {
  for (const Trial& trial : trials()) {
    if (trial.id.starts_with("loss."))
      expect_same_loss(trial);
    else
      expect_same_metric(trial);
  }
}

TEST(AbsentRows, EveryShippedLossAndMetricIsTried) {
  std::size_t tried = 0;
  for (const host::Part& part : shipped_parts().parts()) {
    if (part.kind != WEFT_KIND_LOSS && part.kind != WEFT_KIND_METRIC) continue;
    const std::vector<Trial> all = trials();
    EXPECT_TRUE(std::ranges::any_of(all, [&](const Trial& trial) { return trial.id == part.id; }))
        << part.id << " has no trial above";
    ++tried;
  }
  EXPECT_GE(tried, 10U);
}

TEST(AbsentRows, ABatchOfNobodyWeighsNothing) {
  for (const Trial& trial : trials()) {
    if (!trial.id.starts_with("loss.")) continue;
    const Arrays nobody = some_rows(with_absent_rows(trial), 0, 1);
    Part part(trial.id, trial.config, wires_of(nobody), DType::float64);
    const auto out = part.run(nobody);
    EXPECT_EQ(element(out.at("loss"), 0), 0.0) << trial.id;
    EXPECT_EQ(element(out.at("weight"), 0), 0.0) << trial.id;
  }
}

}  // namespace
}  // namespace weft::test
