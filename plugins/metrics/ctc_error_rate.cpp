// SPDX-License-Identifier: Apache-2.0
/// Error rate of what the frames say: tokens wrong, missing or too many, for each token wanted.
///
///   ŷ_b = collapse(argmax_v logits_b1(v), argmax_v logits_b2(v), …)        greedy decoding
///   error_rate = Σ_b edits(y_b, ŷ_b) / Σ_b (length of y_b)
///   exact = share of samples without an edit
///
/// collapse() first joins equal neighbours and then takes `blank` away. Edits are the fewest
/// substitutions, deletions and insertions (Levenshtein). The sums run over rows that are present.
///
/// Shapes  logits [B, T, V], logits_mask [B, T], target [B, S] int64, mask [B, S], present [B]
/// bool;
///         outputs []. Nothing counted: NaN.
/// Source  Graves et al. 2006, doi:10.1145/1143844.1143891, §3.2 (best path) and eq. 2.

#include <weft/plugin.hpp>

#include "text/edits.hpp"
#include "text/rows.hpp"

namespace weft {
namespace {

class CtcErrorRate final : public Metric {
 public:
  static constexpr Identity identity{"metric.ctc_error_rate", "1.0.0",
                                     "Token errors of greedily decoded frames."};

  struct Config {
    std::int64_t blank = 0;

    void describe(Fields& fields) {
      fields.add("blank", blank, "The class that says nothing, as in loss.ctc.").at_least(0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, T, V]", "Scores of every frame.");
    ports.input("target", "[B, S]", "What was said.", WEFT_DTYPES_INDEX);
    ports.mask_input("logits_mask", "[B, T]", "logits");
    ports.mask_input("mask", "[B, S]", "target");
    ports.present_input();
    ports.output("error_rate", "[]", "Edits for each token; may exceed 1.");
    ports.output("exact", "[]", "Share of sequences without an error.");
  }
  static void states(States& states, const Config&) {
    states.sum("counts", {4});  // edits, tokens, samples without an edit, samples
  }

  CtcErrorRate(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Tensor target = in["target"];
    const auto best = numbers(argmax(in["logits"], 2)), wanted = numbers(target);
    const auto frame_real = numbers(in["logits_mask"]), token_real = numbers(in["mask"]);
    const auto present = numbers(in["present"]);
    const auto rows = static_cast<std::size_t>(target.size(0));
    if (rows == 0) return;
    const std::size_t frames = best.size() / rows, tokens = wanted.size() / rows;
    std::vector<double> counts(4);
    for (std::size_t b = 0; b < rows; ++b) {
      if (!present.empty() && present[b] == 0) continue;
      std::vector<double> right, said;
      for (std::size_t i = b * tokens; i < (b + 1) * tokens; ++i)
        if (token_real.empty() || token_real[i] != 0) right.push_back(wanted[i]);
      double before = -1;
      for (std::size_t t = b * frames; t < (b + 1) * frames; ++t) {
        if (!frame_real.empty() && frame_real[t] == 0) continue;
        if (best[t] != before && best[t] != static_cast<double>(config_.blank))
          said.push_back(best[t]);
        before = best[t];
      }
      const double edits = text::edits_between(right, said).count();
      counts[0] += edits;
      counts[1] += static_cast<double>(right.size());
      counts[2] += edits == 0 ? 1 : 0;
      counts[3] += 1;
    }
    text::add_to(state, "counts", counts);
  }

  Outputs compute(const State& state) const override {
    const Tensor counts = state["counts"];
    return {{"error_rate", counts.select(0, 0) / counts.select(0, 1)},
            {"exact", counts.select(0, 2) / counts.select(0, 3)}};
  }

 private:
  /// The elements as numbers; none where nothing is wired.
  static std::vector<double> numbers(const Tensor& tensor) {
    return tensor ? text::values_of(tensor.to(WEFT_DTYPE_FLOAT64)) : std::vector<double>{};
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::CtcErrorRate)
