// SPDX-License-Identifier: Apache-2.0
/// Token head: numbers for every token, such as scores of what was masked there.
///
///   out_n = z_n W + b                                hidden = 0
///   out_n = LN(gelu(z_n W_1 + b_1)) W_2 + b_2        hidden > 0
///
/// With loss.cross_entropy these are scores of V tokens (MLM, MIM), with loss.masked_patches or
/// loss.masked_frames V elements of a patch or of frames. The tokens are the `count` ones behind
/// the first `skip`, such as one modality behind fusion.concat; with `count` 0 all behind a class
/// token.
///
/// Where `masked` is wired, the head computes at masked tokens alone and gives 0 elsewhere: with
/// 15 % masked it takes 15 % of the time. Where a token stands for S frames, S = `stack`, it is
/// masked if one of them is.
///
/// Shapes  state [B, N, D], masked [B, T] bool; out [B, M, V], M = count or N − skip, ⌈T / S⌉ = M.
/// Errors  skip + count beyond N, and nothing left; T that makes another number of tokens.
/// Source  the hidden layer with its norm: BERT's head, arXiv:1810.04805, whose output matrix is
///         the embedding's; here it is one of its own.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class TokenHead final : public Decoder {
 public:
  static constexpr Identity identity{"decoder.token_head", "1.1.0",
                                     "Give scores or numbers for every token."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t outputs = 2;
    std::int64_t hidden = 0;
    std::int64_t skip = 0;
    std::int64_t count = 0;
    std::int64_t stack = 1;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the state.").at_least(1).from_wire("state", 2);
      fields.add("outputs", outputs, "How many numbers V each token gets.").at_least(1);
      fields.add("hidden", hidden, "Width of a hidden layer; 0: none.").at_least(0);
      fields.add("skip", skip, "How many tokens at the beginning get none.").at_least(0);
      fields.add("count", count, "How many tokens after them get some; 0: all.").at_least(0);
      fields.add("stack", stack, "How many flags S of `masked` one token has, such as frames.")
          .at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("V", config.outputs);
    const bool all = config.skip == 0 && config.count == 0;
    if (config.count > 0) ports.size("M", config.count);
    ports.input("state", "[B, N, D]", "The tokens in their context.");
    ports.optional_input("masked",
                         config.stack > 1 ? "[B, T]"
                         : all            ? "[B, N]"
                                          : "[B, M]",
                         "True: what stands here is asked for.", WEFT_DTYPES_BOOL);
    ports.output("out", all ? "[B, N, V]" : "[B, M, V]", "The numbers of each token.");
  }

  TokenHead(const Config& config, const Parameters& parameters) : config_(config) {
    if (config.hidden > 0) {
      hidden_ = Linear(parameters, "hidden", config.dim, config.hidden);
      norm_ = LayerNorm(parameters, "norm", config.hidden);
    }
    out_ =
        Linear(parameters, "out", config.hidden > 0 ? config.hidden : config.dim, config.outputs);
  }

  void infer(Shapes& shapes) const override {
    const std::int64_t length = shapes.input("state")[1], rest = length - config_.skip;
    if (rest < 1 || rest < config_.count)
      reject("skip", std::to_string(config_.skip) + " and count " + std::to_string(config_.count) +
                         " do not fit into the state's " + std::to_string(length) + " tokens");
    const std::int64_t tokens = config_.count > 0 ? config_.count : rest;
    shapes.set("out", 1, tokens);
    for (const Sizes& masked : shapes.inputs("masked"))
      if ((masked[1] + config_.stack - 1) / config_.stack != tokens)
        reject("stack", std::to_string(config_.stack) + " flags a token make of " +
                            std::to_string(masked[1]) + " flags in \"masked\" not the " +
                            std::to_string(tokens) + " tokens that get numbers");
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = in["state"];
    const std::int64_t end = config_.count > 0 ? config_.skip + config_.count : x.size(1);
    if (config_.skip > 0 || end < x.size(1)) x = x.slice(1, config_.skip, end);
    const Tensor masked = in["masked"];
    if (!masked) return {{"out", head(x)}};
    const Sizes sizes = x.sizes();  // [B, M, D]
    const Tensor places = nonzero(tokens_of(masked, sizes[1]).reshape({-1})).reshape({-1});  // [K]
    const Tensor some = head(index_select(x.reshape({-1, config_.dim}), 0, places));  // [K, V]
    const Tensor all = zeros({sizes[0] * sizes[1], config_.outputs}, some);
    return {{"out", index_add(all, 0, places, some).reshape({sizes[0], sizes[1], -1})}};
  }

 private:
  Tensor head(Tensor x) const {
    if (config_.hidden > 0) x = norm_(gelu(hidden_(x)));
    return out_(x);
  }
  /// masked [B, T] → [B, M]
  Tensor tokens_of(const Tensor& masked, std::int64_t tokens) const {
    if (config_.stack == 1) return masked;
    const std::int64_t missing = tokens * config_.stack - masked.size(1);
    const Tensor padded = pad(masked.to(WEFT_DTYPE_INT64), {0, missing});
    return greater(sum(padded.reshape({-1, tokens, config_.stack}), {2}), 0);
  }

  Config config_;
  Linear hidden_, out_;
  LayerNorm norm_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::TokenHead)
