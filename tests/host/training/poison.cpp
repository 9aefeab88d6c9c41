// SPDX-License-Identifier: Apache-2.0
/// An encoder that hands tokens on, but for the samples of one class divides them by zero; or gives
/// the tokens as they are and no finite gradient. With batch statistics it has running means too.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Poison final : public Encoder {
 public:
  static constexpr Identity identity{"test/encoder.poison", "1.0.0", "For tests of the host."};

  struct Config {
    std::int64_t label = -1;
    bool backward = false;

    void describe(Fields& fields) {
      fields.add("label", label, "The class that is divided by zero.").at_least(-1);
      fields.add("backward", backward, "Whether the gradient is spoilt instead.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("tokens", "[B, N, D]", "Tokens.");
    ports.input("label", "[B]", "Classes.", WEFT_DTYPES_INDEX);
    ports.output("tokens", "[B, N, D]", "Tokens.");
  }
  Poison(const Config& config, const Parameters&) : config_(config) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["tokens"];
    if (config_.backward) return {{"tokens", x + sqrt(x * 0.0)}};
    const Tensor divisor = not_equal(in["label"], config_.label).to(x.dtype());
    return {{"tokens", x / divisor.unsqueeze(-1).unsqueeze(-1)}};
  }

 private:
  Config config_;
};

/// Batch normalisation over [B, N, D] in blocks `outer` (with weights) and `outer.inner` (without).
class Norms final : public Encoder {
 public:
  static constexpr Identity identity{"test/encoder.norms", "1.0.0", "For tests of the host."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("tokens", "[B, N, D]", "Tokens.");
    ports.output("tokens", "[B, N, D]", "Tokens.");
    ports.size("D", 16);
  }
  Norms(const Config&, const Parameters& parameters) {
    for (const char* block : {"first", "second"}) {
      const std::string name = block;
      weights_.push_back(parameters.add(name + ".weight", {16}, Init::constant(1.0)));
      means_.push_back(parameters.buffer(name + ".inner.mean", {16}, Init::zeros()));
      variances_.push_back(parameters.buffer(name + ".inner.variance", {16}, Init::constant(1.0)));
    }
    parameters.couples_samples();
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = in["tokens"].transpose(1, 2);
    for (std::size_t i = 0; i < weights_.size(); ++i)
      x = batch_norm(x, weights_[i].tensor(), Tensor(), means_[i].tensor(), variances_[i].tensor(),
                     training(), 0.1, 1e-5);
    return {{"tokens", x.transpose(1, 2)}};
  }

 private:
  std::vector<Parameter> weights_;
  std::vector<Buffer> means_, variances_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Poison, weft::Norms)
