// SPDX-License-Identifier: Apache-2.0
/// Cross-entropy: how little probability the scores give to the classes or tokens that came.
///
///   p = softmax(logits)
///   loss = Σ_t [ −(1 − ε) w(y_t) log p_t(y_t) − ε mean_v w(v) log p_t(v) + ζ w(y_t) Z_t² ]
///   weight = Σ_t w(y_t),   Z_t = log Σ_v exp(logits_t(v))
///   each_b = loss / weight of row b alone, on demand; 0 where nothing of it counts
///
/// ε is the label smoothing, w the class weights (all 1), and ζ the strength of the z-loss, which
/// holds the scores near a place where softmax is exact in few bits. The sum runs over targets
/// whose mask is true, that are not `ignore_index` and whose row is present. With `next_token` the
/// logits at t are compared with the target at t + 1: next-token prediction.
///
/// Shapes  logits [..., V], target [...] int64, mask [...], present [B] bool; loss [], weight [],
///         each [B].
/// Errors  `next_token` with a target [B]; another number of class weights than of classes.
/// Source  label smoothing: Szegedy et al. 2016, arXiv:1512.00567, §7; z-loss: Chowdhery et al.
///         2022 (PaLM), arXiv:2204.02311, §5. With ζ = 0 loss / weight equals
///         torch.nn.functional.cross_entropy.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class CrossEntropy final : public Loss {
 public:
  static constexpr Identity identity{"loss.cross_entropy", "1.3.0",
                                     "Negative log-likelihood of classes or tokens."};

  struct Config {
    bool next_token = false;
    double label_smoothing = 0.0;
    std::int64_t ignore_index = -100;
    double z_loss = 0.0;
    std::vector<double> class_weights;

    void describe(Fields& fields) {
      fields.add("next_token", next_token, "The logits at t predict the target at t + 1.");
      fields.add("label_smoothing", label_smoothing, "Share ε spread evenly over all classes.")
          .at_least(0.0)
          .below(1.0);
      fields.add("ignore_index", ignore_index, "A target that does not count.");
      fields.add("z_loss", z_loss, "Strength ζ of the squared logarithm of softmax's divisor.")
          .at_least(0.0);
      fields
          .add("class_weights", class_weights,
               "How much each class or token counts, in order; empty: all the same.")
          .at_least(0.0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[..., V]", "Scores before softmax.");
    ports.input("target", "[...]", "The class or token that came.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[...]", "target");
    ports.present_input();
    ports.output("loss", "[]", "Sum over the counted targets.");
    ports.output("weight", "[]", "How many these are.");
    ports.on_demand_output("each", "[B]", "Of each row alone, divided by how many they are.");
  }

  CrossEntropy(const Config& config, const Parameters&) : config_(config) {}

  void infer(Shapes& shapes) const override {
    check_next_token(config_.next_token, static_cast<std::int64_t>(shapes.input("target").size()));
    if (!shapes.input("target").empty()) shapes.set("each", 0, shapes.input("target").front());
    const std::int64_t classes = shapes.input("logits").back();
    const auto weights = static_cast<std::int64_t>(config_.class_weights.size());
    if (weights > 0 && weights != classes)
      reject("class_weights", "has " + std::to_string(weights) + " numbers, but the logits score " +
                                  std::to_string(classes) + " classes");
  }

  Outputs forward(const Inputs& in) const override {
    const Targets targets = lay(in);
    const Tensor weights = class_weights(targets.logits);
    const Tensor log_p = log_softmax(targets.logits, -1);   // [..., V]
    Tensor loss = negative_log_likelihood(targets, log_p);  // [...]
    if (weights) loss = loss * of_targets(weights, targets);
    if (config_.label_smoothing > 0.0) {
      const Tensor even = masked_fill(mean(weights ? log_p * weights : log_p, {-1}),
                                      logical_not(targets.counted), 0.0);  // [...]
      loss = (1.0 - config_.label_smoothing) * loss - config_.label_smoothing * even;
    }
    if (config_.z_loss > 0.0) {
      const Tensor z = masked_fill(logsumexp(targets.logits, {-1}), logical_not(targets.counted),
                                   0.0);  // [...]
      const Tensor squares = weights ? z * z * of_targets(weights, targets) : z * z;
      loss = loss + config_.z_loss * squares;
    }
    Outputs outputs{{"loss", sum(loss)}};
    if (in.wants("each"))
      outputs.emplace_back(
          "each", each(loss, weights ? of_targets(weights, targets) : Tensor(), targets.counted));
    return outputs;
  }

  Tensor weight(const Inputs& in) const override {
    const Targets targets = lay(in);
    if (config_.class_weights.empty()) return sum(targets.counted).to(WEFT_DTYPE_FLOAT64);
    const Tensor one = ones({}, targets.counted, WEFT_DTYPE_FLOAT64);
    const Tensor each = of_targets(class_weights(one), targets);
    return sum(masked_fill(each, logical_not(targets.counted), 0.0));
  }

 private:
  /// w [V] with the type and on the device of `like`; absent where all classes count the same.
  Tensor class_weights(const Tensor& like) const {
    if (config_.class_weights.empty()) return Tensor();
    std::vector<Tensor> each;
    for (const double weight : config_.class_weights) each.push_back(full({}, weight, like));
    return stack(each, 0);
  }
  /// Means of the rows [B].
  static Tensor each(const Tensor& loss, const Tensor& weights, const Tensor& counted) {
    const Tensor counts = counted.to(loss.dtype());
    const Tensor of_row = of_rows(weights ? weights * counts : counts);
    return masked_fill(of_rows(loss) / of_row, logical_not(greater(of_row, 0.0)), 0.0);
  }
  static Tensor of_rows(const Tensor& x) { return sum(x.reshape({x.size(0), -1}), {1}); }
  /// w(y_t) [...]
  static Tensor of_targets(const Tensor& weights, const Targets& targets) {
    return index_select(weights, 0, targets.target.reshape({-1})).reshape(targets.target.sizes());
  }

  Targets lay(const Inputs& in) const {
    return lay_beside(in["logits"], in["target"], in["mask"], config_.next_token,
                      config_.ignore_index, in["present"]);
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::CrossEntropy)
