// SPDX-License-Identifier: Apache-2.0
/// Recall at k: how often what is looked for is among the k most similar candidates.
///
///   s_ij = cos(left_i, right_j),  i, j over all N rows of the split
///   wrong_i = #{j : group_j ≠ group_i, s_ij ≥ max_{m : group_m = group_i} s_im}
///   left_to_right_at_k = #{i : wrong_i < k} / N,  right_to_left_at_k: the same with s transposed
///   left_to_right_median_rank = median of wrong_i + 1, of two the mean; right_to_left likewise
///
/// Rows of one group are the same thing, such as two pictures under one caption: any of them is
/// right. A row without a group is its own. Pairs of which one half is absent are left out. Ties,
/// to within 1e-9, count against the model: if all vectors are equal, nothing is found among more
/// than k wrong candidates. Every row is a candidate: what stands in several rows takes several
/// places. All rows are kept until the end and compared at once, N² numbers: for thousands, not for
/// millions.
///
/// Shapes  left [B, D], right [B, D], group [B] int64 between ±2^53, left_present,
///         right_present and group_present [B] bool; outputs []. No row: NaN.

#include <weft/plugin.hpp>

#include <algorithm>
#include <limits>

namespace weft {
namespace {

class Recall final : public Metric {
 public:
  static constexpr Identity identity{"metric.recall", "1.2.0",
                                     "How often the counterpart is among the k most similar."};

  struct Config {
    std::int64_t dim = 64;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the vectors on both sides.")
          .at_least(1)
          .from_wire("left", 1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("left", "[B, D]", "One vector for each sample.");
    ports.input("right", "[B, D]", "Its counterpart in another modality.");
    ports.optional_input("group", "[B]", "Samples of equal number are the same thing.",
                         WEFT_DTYPES_INDEX);
    for (const char* port : {"left_present", "right_present", "group_present"})
      ports.present_input(port);
    for (const char* name : k_left_to_right)
      ports.output(name, "[]", "Share of the left vectors whose counterpart is found.");
    for (const char* name : k_right_to_left)
      ports.output(name, "[]", "Share of the right vectors whose counterpart is found.");
    for (const char* name : k_median_rank) ports.output(name, "[]", "1 is best.");
  }
  static void states(States& states, const Config& config) {
    states.rows("left", {config.dim});
    states.rows("right", {config.dim});
    states.rows("group", {});
  }

  Recall(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    Tensor left = in["left"], right = in["right"], group = groups(in);
    if (const Tensor present = pairs(in)) {
      const Tensor rows = nonzero(present).reshape({-1});
      left = index_select(left, 0, rows);
      right = index_select(right, 0, rows);
      group = index_select(group, 0, rows);
    }
    append(state, "left", unit(left.to(WEFT_DTYPE_FLOAT64)));
    append(state, "right", unit(right.to(WEFT_DTYPE_FLOAT64)));
    append(state, "group", group);
  }

  Outputs compute(const State& state) const override {
    const Tensor group = state["group"];  // [N], NaN: none
    const Tensor number = cumulative_sum(full_like(group, 1.0), 0);
    const Tensor same = logical_or(equal(group.unsqueeze(1), group.unsqueeze(0)),
                                   equal(number.unsqueeze(1), number.unsqueeze(0)));  // [N, N]
    const Tensor similar = matmul(state["left"], state["right"].transpose(0, 1));     // [N, N]
    const Tensor total = sum(full_like(group, 1.0));                                  // []
    Outputs outputs;
    for (const bool is_forward : {true, false}) {
      const Tensor asked = is_forward ? similar : similar.transpose(0, 1);
      const Tensor wrong = group.count() == 0 ? group : wrong_before(asked, same);  // [N]
      for (std::size_t i = 0; i < 3; ++i) {
        const Tensor found = sum(less(wrong, full_like(wrong, k_places[i])));
        outputs.emplace_back((is_forward ? k_left_to_right : k_right_to_left)[i],
                             found.to(WEFT_DTYPE_FLOAT64) / total);
      }
      outputs.emplace_back(k_median_rank[is_forward ? 0 : 1], median(wrong) + 1.0);
    }
    return outputs;
  }

 private:
  static constexpr const char* k_left_to_right[] = {"left_to_right_at_1", "left_to_right_at_5",
                                                    "left_to_right_at_10"};
  static constexpr const char* k_right_to_left[] = {"right_to_left_at_1", "right_to_left_at_5",
                                                    "right_to_left_at_10"};
  static constexpr const char* k_median_rank[] = {"left_to_right_median_rank",
                                                  "right_to_left_median_rank"};
  static constexpr double k_places[] = {1, 5, 10};

  /// [B]: true where both halves are present; absent where nothing is wired.
  static Tensor pairs(const Inputs& in) {
    const Tensor left = in["left_present"], right = in["right_present"];
    if (!left || !right) return left ? left : right;
    return logical_and(left, right);
  }
  /// [B]: NaN, which equals nothing, for a row that has no group.
  static Tensor groups(const Inputs& in) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    if (!in["group"]) return full_like(in["left"].select(1, 0).to(WEFT_DTYPE_FLOAT64), none);
    const Tensor group = in["group"].to(WEFT_DTYPE_FLOAT64), known = in["group_present"];
    return known ? masked_fill(group, logical_not(known), none) : group;
  }
  static void append(State& state, const char* name, const Tensor& rows) {
    state.set(name, concat({state[name], rows}, 0));
  }
  /// x / ‖x‖, and 0 for 0.
  static Tensor unit(const Tensor& x) {
    return x / sqrt(clamp_min(sum(x * x, {1}, /*keep=*/true), 1e-24));
  }
  /// Of [N]; NaN of none.
  static Tensor median(const Tensor& numbers) {
    const std::int64_t count = numbers.count();
    const Tensor all = numbers.reshape({-1}), middle = zeros({}, numbers, WEFT_DTYPE_FLOAT64);
    std::vector<double> sorted(all.data<double>(), all.data<double>() + count);
    std::sort(sorted.begin(), sorted.end());
    const auto at = static_cast<std::size_t>(count);
    *middle.data<double>() = count == 0 ? std::numeric_limits<double>::quiet_NaN()
                                        : (sorted[(at - 1) / 2] + sorted[at / 2]) / 2;
    return middle;
  }
  /// How many wrong candidates are at least as similar to each query as the best right one.
  static Tensor wrong_before(const Tensor& similar, const Tensor& same) {
    const Tensor right = masked_fill(similar, logical_not(same), -2.0);     // below any cosine
    const Tensor best = gather(right, 1, argmax(right, 1, /*keep=*/true));  // [N, 1]
    const Tensor is_behind = less(similar, best - 1e-9);
    return sum(logical_not(logical_or(same, is_behind)), {1}).to(WEFT_DTYPE_FLOAT64);
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Recall)
