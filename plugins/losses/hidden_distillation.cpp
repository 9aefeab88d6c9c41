// SPDX-License-Identifier: Apache-2.0
/// Distillation of hidden states: what a student computes inside shall be what a teacher computes.
///
///   kind "mse":     loss = (1 / E) Σ_n ‖h_n W − g_n‖²
///   kind "cosine":  loss = Σ_n [ 1 − cos(h_n W, g_n) ]
///   weight = number of summed n
///
/// h is the student's state and g the teacher's. W [D, E] is learned with the student where
/// `project` is true, and the identity otherwise. The gradient has both sides: a teacher that must
/// not learn is a frozen view or another run. The sum runs
/// over places whose mask is true and whose row is present.
///
/// Shapes  student [..., D], teacher [..., E], mask [...], present [B] bool; loss [], weight [].
/// Errors  widths that differ without projection.
/// Source  mse: TinyBERT, arXiv:1909.10351, eq. 8; cosine: DistilBERT, arXiv:1910.01108, §2.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class HiddenDistillation final : public Loss {
 public:
  static constexpr Identity identity{"loss.hidden_distillation", "1.0.0",
                                     "Distance of a student's states from a teacher's."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t teacher_dim = 64;
    bool project = false;
    std::string kind = "mse";

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the student's states.")
          .at_least(1)
          .from_wire("student", 2);
      fields.add("teacher_dim", teacher_dim, "Width E of the teacher's states.")
          .at_least(1)
          .from_wire("teacher", 2);
      fields.add("project", project, "Learn a matrix W between the widths.");
      fields.add("kind", kind, "Squared distance, or the angle alone.").one_of({"mse", "cosine"});
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("E", config.teacher_dim);
    ports.input("student", "[..., D]", "What the student computes.");
    ports.input("teacher", "[..., E]", "What the teacher computes at the same places.");
    ports.mask_input("mask", "[...]", "student");
    ports.present_input();
    ports.output("loss", "[]", "Sum over the counted places.");
    ports.output("weight", "[]", "How many these are.");
  }

  HiddenDistillation(const Config& config, const Parameters& parameters) : config_(config) {
    if (!config.project && config.dim != config.teacher_dim)
      reject("project", "dim " + std::to_string(config.dim) + " and teacher_dim " +
                            std::to_string(config.teacher_dim) +
                            " differ, so a matrix between them must be learned");
    if (config.project)
      project_ = Linear(parameters, "project", config.dim, config.teacher_dim, /*bias=*/false);
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor away = logical_not(counted(in)).unsqueeze(-1);  // [..., 1]
    // Filled before anything is computed: NaN that does not count reaches no gradient.
    Tensor h = masked_fill(in["student"], away, 0.0);
    const Tensor g = masked_fill(in["teacher"], away, 0.0);
    if (config_.project) h = project_(h);
    if (config_.kind == "mse")
      return {{"loss", sum((h - g) * (h - g)) / static_cast<double>(config_.teacher_dim)}};
    const Tensor cosine = sum(unit(h) * unit(g), {-1}, /*keep=*/true);  // [..., 1]
    return {{"loss", sum(masked_fill(1.0 - cosine, away, 0.0))}};
  }

  Tensor weight(const Inputs& in) const override { return sum(counted(in)).to(WEFT_DTYPE_FLOAT64); }

 private:
  /// [...]: which places count.
  static Tensor counted(const Inputs& in) {
    const Tensor states = in["student"];
    if (states) return counted_places(states, in["mask"], in["present"]);
    if (!in["mask"])
      throw Error(WEFT_UNSUPPORTED, "the number of places is unknown without `student` or `mask`");
    Tensor places = in["mask"];
    if (const Tensor present = in["present"])
      places = logical_and(places, as_rows(present, places.dim()));
    return places;
  }
  /// x / ‖x‖, and 0 for 0.
  static Tensor unit(const Tensor& x) {
    return x / sqrt(clamp_min(sum(x * x, {-1}, /*keep=*/true), 1e-24));
  }

  Config config_;
  Linear project_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::HiddenDistillation)
