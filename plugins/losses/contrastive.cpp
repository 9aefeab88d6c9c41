// SPDX-License-Identifier: Apache-2.0
/// Contrastive loss: what belongs together shall be more similar than what does not.
///
///   u_i = left_i W_l, v_j = right_j W_r              or left and right themselves, project = 0
///   s_ij = cos(u_i, v_j) / τ
///   loss = ½ Σ_i [ −mean_{k ∈ P(i)} log softmax_j(s_ij)_k − mean_{k ∈ P(i)} log softmax_j(s_ji)_k
///   ] weight = B
///
/// The sums, the softmax and B run over the rows that are present on both sides: a pair of which
/// one half is absent is neither pulled nor a contrast. P(i) = {i}, or all rows of i's group where
/// `group` is wired: two samples of one class are no contrast; a row without a group is its own.
/// The sum has no 1/N, as in docs/model.md; the host divides by the weight. With `learned`, log 1/τ
/// is a parameter and 1/τ at most 100. The bound passes the gradient on: a clamp would leave the
/// parameter stuck beyond it.
///
/// Shapes  left [B, L], right [B, R], group [B], left_present, right_present and
///         group_present [B] bool; loss [], weight [].
/// Errors  left_dim and right_dim differ without projection.
/// Source  CLIP, arXiv:2103.00020; groups: UniCL, arXiv:2204.03610.

#include <weft/plugin.hpp>

#include <cmath>

namespace weft {
namespace {

class Contrastive final : public Loss {
 public:
  static constexpr Identity identity{"loss.contrastive", "1.1.0",
                                     "Pull pairs of two modalities together, others apart."};

  struct Config {
    std::int64_t left_dim = 64;
    std::int64_t right_dim = 64;
    std::int64_t project = 0;
    double temperature = 0.07;
    bool learned = false;

    void describe(Fields& fields) {
      fields.add("left_dim", left_dim, "Width L of the left vectors.")
          .at_least(1)
          .from_wire("left", 1);
      fields.add("right_dim", right_dim, "Width R of the right vectors.")
          .at_least(1)
          .from_wire("right", 1);
      fields.add("project", project, "Width to which both are projected; 0: not at all.")
          .at_least(0);
      fields.add("temperature", temperature, "τ, or where it starts if it is learned.")
          .at_least(0.01);
      fields.add("learned", learned, "Whether the temperature is trained.");
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("L", config.left_dim);
    ports.size("R", config.right_dim);
    ports.input("left", "[B, L]", "One vector for each sample.");
    ports.input("right", "[B, R]", "Its counterpart in another modality.");
    ports.optional_input("group", "[B]", "Samples of equal number belong together.",
                         WEFT_DTYPES_INDEX);
    for (const char* port : {"left_present", "right_present", "group_present"})
      ports.present_input(port);
    ports.output("loss", "[]", "Sum over the rows.");
    ports.output("weight", "[]", "Number B of rows.");
  }

  Contrastive(const Config& config, const Parameters& parameters)
      : projected_(config.project > 0), scale_(1.0 / config.temperature) {
    if (!projected_ && config.left_dim != config.right_dim)
      reject("project", "left_dim " + std::to_string(config.left_dim) + " and right_dim " +
                            std::to_string(config.right_dim) +
                            " differ, so both must be projected to one width");
    if (projected_) {
      left_ = Linear(parameters, "left", config.left_dim, config.project, /*bias=*/false);
      right_ = Linear(parameters, "right", config.right_dim, config.project, /*bias=*/false);
    }
    if (config.learned)
      log_scale_ = parameters.add_without_decay("log_scale", {1}, Init::constant(std::log(scale_)));
    parameters.couples_samples();
  }

  Outputs forward(const Inputs& in) const override {
    Tensor left = in["left"], right = in["right"], group = in["group"], known = in["group_present"];
    if (const Tensor present = pairs(in)) {
      const Tensor rows = nonzero(present).reshape({-1});
      left = index_select(left, 0, rows);
      right = index_select(right, 0, rows);
      if (group) group = index_select(group, 0, rows);
      if (known) known = index_select(known, 0, rows);
    }
    left = unit(projected_ ? left_(left) : left);                                // [B, D]
    right = unit(projected_ ? right_(right) : right);                            // [B, D]
    const Tensor similar = scaled(matmul(left, right.transpose(0, 1)));          // [B, B]
    const Tensor together = same_group(left, group, known).to(similar.dtype());  // [B, B]
    const Tensor target = together / sum(together, {1}, /*keep=*/true);  // each row sums to 1
    const Tensor both =
        log_softmax(similar, 1) + log_softmax(similar.transpose(0, 1), 1);  // [B, B]
    return {{"loss", sum(target * both) * -0.5}};
  }

  Tensor weight(const Inputs& in) const override {
    if (const Tensor present = pairs(in)) return sum(present).to(WEFT_DTYPE_FLOAT64);
    const Tensor rows = in["left"] ? in["left"].select(1, 0) : in["group"];
    if (!rows) throw Error(WEFT_UNSUPPORTED, "the number of rows is unknown without `left`");
    return sum(full_like(rows, 1.0).to(WEFT_DTYPE_FLOAT64));
  }

 private:
  /// [B]: true where both halves are present; absent where nothing is wired.
  static Tensor pairs(const Inputs& in) {
    const Tensor left = in["left_present"], right = in["right_present"];
    if (!left || !right) return left ? left : right;
    return logical_and(left, right);
  }
  /// True where two rows belong together: a row always does with itself, others where both have a
  /// group and it is the same.
  static Tensor same_group(const Tensor& left, const Tensor& group, const Tensor& known) {
    const Tensor number = numbered(left);
    const Tensor itself = equal(number.unsqueeze(1), number.unsqueeze(0));
    if (!group) return itself;
    Tensor same = equal(group.unsqueeze(1), group.unsqueeze(0));
    if (!known) return same;
    same = logical_and(same, logical_and(known.unsqueeze(1), known.unsqueeze(0)));
    return logical_or(same, itself);
  }
  /// x / ‖x‖, and 0 for 0.
  static Tensor unit(const Tensor& x) {
    return x / sqrt(clamp_min(sum(x * x, {1}, /*keep=*/true), 1e-24));
  }
  /// 1, 2, 3, …: every row its own group.
  static Tensor numbered(const Tensor& x) {
    return cumulative_sum(full_like(x.select(1, 0), 1.0).to(WEFT_DTYPE_INT64), 0);
  }
  /// similar / τ
  Tensor scaled(const Tensor& similar) const {
    const Tensor log_scale = log_scale_.tensor();
    if (!log_scale) return similar * scale_;
    const Tensor excess = relu(detach(log_scale) - std::log(100.0));
    return similar * exp(log_scale - excess);
  }

  bool projected_;
  double scale_;
  Linear left_, right_;
  Parameter log_scale_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Contrastive)
