// SPDX-License-Identifier: Apache-2.0
/// Detection: guesses are matched with objects, the cheapest way for each picture, and then learn
/// their class and their box.
///
///   cost(q, m) = −α p_q(y_m) + β ‖b_q − t_m‖₁ − γ GIoU(b_q, t_m)
///   σ = the matching of objects m to guesses q with the least sum of costs
///   loss = Σ_pictures { Σ_q w_q (−log p_q(c_q)) α / Σ_q w_q
///                       + (1 / n) Σ_m [ β ‖b_σ(m) − t_m‖₁ + γ (1 − GIoU(b_σ(m), t_m)) ] }
///   weight = number of pictures,   p = softmax(logits)
///
/// c_q is the class of the object that was matched with q and w_q = 1, or "nothing", the last
/// class, and w_q = `nothing`. n is the picture's number of objects. ‖·‖₁ is taken of middle, width
/// and height. GIoU = I / U − (C − U) / C with the areas I, U and C of intersection, union and the
/// least box around both. No gradient goes through the matching. Of more objects than guesses the
/// cheapest are matched. Rows that are not present do not count.
///
/// Shapes  logits [B, Q, V + 1], boxes [B, Q, 4], target [B, M, 4], target_label [B, M] int64,
///         target_mask [B, M], present [B] bool; loss [], weight [].
/// Errors  a label that is no class; boxes with numbers that are not finite; tensors that are not
///         on the CPU.
/// Source  DETR, Carion et al. 2020, arXiv:2005.12872, eq. 1, 2 and A.2, which divides by the
///         objects of the batch; GIoU: Rezatofighi et al. 2019, arXiv:1902.09630.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>
#include <weft/text.hpp>

#include <algorithm>
#include <cmath>

#include "assignment.hpp"

namespace weft {
namespace {

/// Intersection, union and the area of the least box around both: of edges [..., 4] each → [...,
/// 1].
Tensor generalised_overlap(const Tensor& a, const Tensor& b) {
  const auto area = [](const Tensor& edges) {  // [..., 2] differences → [..., 1]
    const Tensor sides = relu(edges);          // a box turned inside out has no area
    return sides.slice(-1, 0, 1) * sides.slice(-1, 1, 2);
  };
  const auto low = [](const Tensor& edges) { return edges.slice(-1, 0, 2); };
  const auto high = [](const Tensor& edges) { return edges.slice(-1, 2, 4); };
  const Tensor shared = area(minimum(high(a), high(b)) - maximum(low(a), low(b)));
  const Tensor joined = area(high(a) - low(a)) + area(high(b) - low(b)) - shared;
  const Tensor around = area(maximum(high(a), high(b)) - minimum(low(a), low(b)));
  // Boxes without an area: 0 / 0 must be 0.
  const Tensor iou = shared / clamp_min(joined, 1e-12);
  return iou - (around - joined) / clamp_min(around, 1e-12);
}

/// Edges [..., 4] → middle, width and height [..., 4].
Tensor middles(const Tensor& edges) {
  const Tensor low = edges.slice(-1, 0, 2), high = edges.slice(-1, 2, 4);
  return concat({(low + high) * 0.5, high - low}, -1);
}

std::vector<double> numbers(const Tensor& tensor) {
  const Tensor flat = detail::in_a_row(tensor.to(WEFT_DTYPE_FLOAT64));
  const double* const first = flat.data<double>();
  return {first, first + flat.count()};
}

/// What was matched, one entry for each pair, as places in [B · Q] and [B · M].
struct Matched {
  std::vector<std::int64_t> guesses, objects;
  std::vector<double> shares;  // 1 / n of the pair's picture
};

class Detection final : public Loss {
 public:
  static constexpr Identity identity{"loss.detection", "1.0.0",
                                     "Classes and boxes of guesses matched with objects."};

  struct Config {
    double class_weight = 1.0;
    double l1_weight = 5.0;
    double giou_weight = 2.0;
    double nothing = 0.1;

    void describe(Fields& fields) {
      fields.add("class_weight", class_weight, "Strength α of the class.").at_least(0.0);
      fields.add("l1_weight", l1_weight, "Strength β of the boxes' distance.").at_least(0.0);
      fields.add("giou_weight", giou_weight, "Strength γ of the boxes' overlap.").at_least(0.0);
      fields.add("nothing", nothing, "How much a guess of nothing counts beside an object's.")
          .above(0.0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, Q, W]", "Scores of the classes and, last, of nothing.");
    ports.input("boxes", "[B, Q, 4]", "Left, upper, right and lower edge of each guess.");
    ports.input("target", "[B, M, 4]", "The same of each object.");
    ports.input("target_label", "[B, M]", "The class of each object.", WEFT_DTYPES_INDEX);
    ports.mask_input("target_mask", "[B, M]", "target");
    ports.present_input();
    ports.output("loss", "[]", "Sum over the pictures.");
    ports.output("weight", "[]", "How many these are.");
  }

  Detection(const Config& config, const Parameters&) : config_(config) {}

  Outputs forward(const Inputs& in) const override {
    Tensor logits = in["logits"], boxes = in["boxes"];
    const Tensor present = in["present"];
    if (present) {
      logits = masked_fill(logits, logical_not(as_rows(present, 3)), 0.0);
      boxes = masked_fill(boxes, logical_not(as_rows(present, 3)), 0.0);
    }
    const Matched matched = match(in, logits, boxes);
    Tensor loss = class_loss(in, logits, matched);
    if (!matched.guesses.empty()) loss = loss + box_loss(boxes, in["target"], matched);
    return {{"loss", loss}};
  }

  Tensor weight(const Inputs& in) const override {
    const Tensor rows = in["present"] ? in["present"] : ones({in["target"].size(0)}, in["target"]);
    return sum(rows).to(WEFT_DTYPE_FLOAT64);
  }

 private:
  Matched match(const Inputs& in, const Tensor& logits, const Tensor& boxes) const {
    const Tensor target = in["target"], there = in["target_mask"], present = in["present"];
    const auto n_q = static_cast<std::size_t>(logits.size(1));
    const auto n_m = static_cast<std::size_t>(target.size(1));
    const auto classes = static_cast<std::size_t>(logits.size(2));
    const auto rows = static_cast<std::size_t>(logits.size(0));
    const std::vector<double> p = numbers(softmax(detach(logits), -1));
    const std::vector<double> labels = numbers(in["target_label"]);
    const std::vector<double> distances = numbers(pair_costs(detach(boxes), target));
    const std::vector<double> real = there ? numbers(there) : std::vector<double>(rows * n_m, 1.0);
    const std::vector<double> shown = present ? numbers(present) : std::vector<double>(rows, 1.0);
    Matched matched;
    for (std::size_t b = 0; b < rows; ++b) {
      std::vector<std::size_t> objects;
      for (std::size_t m = 0; shown[b] != 0 && m < n_m; ++m)
        if (real[b * n_m + m] != 0) objects.push_back(m);
      std::vector<double> cost;  // [objects, Q]
      for (const std::size_t m : objects)
        for (std::size_t q = 0; q < n_q; ++q) {
          const std::size_t label = class_of(labels[b * n_m + m], classes - 1);
          cost.push_back(distances[(b * n_q + q) * n_m + m] -
                         config_.class_weight * p[(b * n_q + q) * classes + label]);
          if (!std::isfinite(cost.back()))
            throw Error(WEFT_FAILED, "a box or its scores are not finite, in row " +
                                         std::to_string(b) + " of the batch");
        }
      for (const auto& [object, guess] : assign(cost, objects.size(), n_q)) {
        matched.guesses.push_back(static_cast<std::int64_t>(b * n_q + guess));
        matched.objects.push_back(static_cast<std::int64_t>(b * n_m + objects[object]));
        matched.shares.push_back(1.0 / static_cast<double>(objects.size()));
      }
    }
    return matched;
  }

  /// β ‖b − t‖₁ − γ GIoU of each guess with each object: [B, Q, M].
  Tensor pair_costs(const Tensor& boxes, const Tensor& target) const {
    const Tensor guess = boxes.unsqueeze(2);                      // [B, Q, 1, 4]
    const Tensor object = target.to(boxes.dtype()).unsqueeze(1);  // [B, 1, M, 4]
    const Tensor distance = sum(abs(middles(guess) - middles(object)), {-1});
    return config_.l1_weight * distance -
           config_.giou_weight * generalised_overlap(guess, object).select(-1, 0);
  }

  /// Pairs (object, guess) of the least cost; as many as there are of the fewer.
  static std::vector<std::pair<std::size_t, std::size_t>> assign(const std::vector<double>& cost,
                                                                 std::size_t objects,
                                                                 std::size_t guesses) {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    if (objects <= guesses) {
      const std::vector<std::size_t> guess_of = cheapest_assignment(cost, objects, guesses);
      for (std::size_t m = 0; m < objects; ++m) pairs.emplace_back(m, guess_of[m]);
      return pairs;
    }
    std::vector<double> turned(cost.size());
    for (std::size_t m = 0; m < objects; ++m)
      for (std::size_t q = 0; q < guesses; ++q) turned[q * objects + m] = cost[m * guesses + q];
    const std::vector<std::size_t> object_of = cheapest_assignment(turned, guesses, objects);
    for (std::size_t q = 0; q < guesses; ++q) pairs.emplace_back(object_of[q], q);
    return pairs;
  }

  Tensor class_loss(const Inputs& in, const Tensor& logits, const Matched& matched) const {
    const std::int64_t rows = logits.size(0), queries = logits.size(1),
                       nothing = logits.size(2) - 1;
    const std::vector<double> labels = numbers(in["target_label"]);
    const auto count = static_cast<std::size_t>(rows * queries);
    std::vector<std::int64_t> classes(count, nothing);
    std::vector<double> weights(count, config_.nothing);
    for (std::size_t i = 0; i < matched.guesses.size(); ++i) {
      const auto at = static_cast<std::size_t>(matched.guesses[i]);
      classes[at] = static_cast<std::int64_t>(labels[static_cast<std::size_t>(matched.objects[i])]);
      weights[at] = 1.0;
    }
    const Tensor wanted = tensor_of(classes, logits).reshape({rows, queries, 1});
    const Tensor surprise =
        -1.0 * gather(log_softmax(logits, -1), 2, wanted).select(2, 0);  // [B, Q]
    const Tensor weight = tensor_of(weights, logits).to(logits.dtype()).reshape({rows, queries});
    Tensor each = sum(weight * surprise, {1}) / sum(weight, {1});  // [B]
    if (const Tensor present = in["present"]) each = masked_fill(each, logical_not(present), 0.0);
    return sum(each) * config_.class_weight;
  }

  Tensor box_loss(const Tensor& boxes, const Tensor& target, const Matched& matched) const {
    const Tensor guess =
        index_select(boxes.reshape({-1, 4}), 0, tensor_of(matched.guesses, boxes));  // [K, 4]
    const Tensor object = index_select(target.to(boxes.dtype()).reshape({-1, 4}), 0,
                                       tensor_of(matched.objects, boxes));  // [K, 4]
    const Tensor share = tensor_of(matched.shares, boxes).to(boxes.dtype());
    const Tensor distance = sum(abs(middles(guess) - middles(object)), {-1});     // [K]
    const Tensor apart = 1.0 - generalised_overlap(guess, object).select(-1, 0);  // [K]
    return sum(share * (config_.l1_weight * distance + config_.giou_weight * apart));
  }

  static std::size_t class_of(double label, std::size_t classes) {
    if (!(label >= 0 && label < static_cast<double>(classes)))
      throw Error(WEFT_INDEX, "input \"target_label\" holds the class " +
                                  std::to_string(static_cast<std::int64_t>(label)) +
                                  ", and the logits score " + std::to_string(classes) +
                                  " and nothing");
    return static_cast<std::size_t>(label);
  }

  template <class T>
  static Tensor tensor_of(const std::vector<T>& values, const Tensor& like) {
    const Tensor tensor =
        empty({static_cast<std::int64_t>(values.size())},
              std::is_same_v<T, double> ? WEFT_DTYPE_FLOAT64 : WEFT_DTYPE_INT64, like);
    std::copy(values.begin(), values.end(), tensor.data<T>());
    return tensor;
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Detection)
