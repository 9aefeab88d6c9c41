// SPDX-License-Identifier: Apache-2.0
/// Multiple choice: which of the offered answers fits the reasoning state best.
///
///   r = the pooled state (pooling.hpp)
///   logits_c = (r W + b) · c / √D                    for each choice c, one behind the other
///
/// A choice is a vector, such as `pooled` of the text encoder that reads it. The choices share W,
/// so their order says nothing. With loss.cross_entropy the target is the number of the right one.
///
/// Shapes  state R [B, N, D'], mask [B, N], choices [B, D] each; logits [B, C] for C wires.
/// Errors  fewer than two choices.
/// Source  scores of joint representations: GPT, Radford et al. 2018, §3.3, with a bilinear form
///         for its Transformer over both texts.

#include <weft/plugin.hpp>

#include "pooling.hpp"

namespace weft {
namespace {

class MultipleChoice final : public Decoder {
 public:
  static constexpr Identity identity{"decoder.multiple_choice", "1.0.0",
                                     "Score offered answers against the reasoning state."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t choice_dim = 64;
    std::string pooling = "mean";

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D' of the state.").at_least(1).from_wire("state", 2);
      fields.add("choice_dim", choice_dim, "Width D of the choices.")
          .at_least(1)
          .from_wire("choices", 1);
      fields.add("pooling", pooling, "How the state becomes one vector.").one_of(pooling_names());
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("E", config.dim);
    ports.size("D", config.choice_dim);
    ports.input("state", "[B, N, E]", "The reasoning state.");
    ports.mask_input("mask", "[B, N]", "state");
    ports.input_list("choices", "[B, D]", "One vector for each answer that is offered.");
    ports.output("logits", "[B, C]", "One score for each choice, before softmax.");
  }

  MultipleChoice(const Config& config, const Parameters& parameters)
      : config_(config),
        choices_(parameters.wired("choices")),
        pool_(parameters, config.pooling, config.dim),
        query_(parameters, "query", config.dim, config.choice_dim) {
    if (choices_ < 2)
      reject("choices", "needs at least two; " + std::to_string(choices_) + " wired");
  }

  void infer(Shapes& shapes) const override { shapes.set("logits", 1, choices_); }

  Outputs forward(const Inputs& in) const override {
    const Tensor choices = stack(in.list("choices"), 1);          // [B, C, D]
    const Tensor query = query_(pool_(in["state"], in["mask"]));  // [B, D]
    const double scale = 1.0 / std::sqrt(static_cast<double>(config_.choice_dim));
    return {{"logits", matmul(choices, query.unsqueeze(-1)).select(2, 0) * scale}};
  }

 private:
  Config config_;
  std::int64_t choices_;
  Pooling pool_;
  Linear query_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::MultipleChoice)
