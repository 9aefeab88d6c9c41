// SPDX-License-Identifier: Apache-2.0
// A part in two versions that compute the same: H = X W of the only stream. Version 1 keeps W as
// "w", version 2 keeps Wᵀ as "project.weight" and a bias, and brings version 1's checkpoints along
// unless NO_MIGRATE is defined. FORGETFUL leaves the old name in place.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Mixing final : public Fusion {
 public:
  static constexpr Identity identity{"tests/fusion.mixing", STATE == 1 ? "1.4.0" : "2.0.1",
                                     "Mix the only stream's features.", STATE};

  struct Config {
    std::int64_t dim = 64;
    void describe(Fields& fields) { fields.add("dim", dim, "Width D.").at_least(1); }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("streams", "[B, N, D]", "What to mix.");
    ports.output("tokens", "[B, N, D]", "Mixed.");
  }

  Mixing(const Config& config, const Parameters& parameters) {
    const std::int64_t d = config.dim;
    if (STATE == 1) {
      weight_ = parameters.add("w", {d, d}, Init::xavier());
      return;
    }
    weight_ = parameters.add("project.weight", {d, d}, Init::xavier());
    bias_ = parameters.add_without_decay("project.bias", {d}, Init::zeros());
  }

#if STATE == 2 && !defined(NO_MIGRATE)
  void migrate(std::uint32_t from, Migration& saved) const {
    if (from != 1) throw Error(WEFT_UNSUPPORTED, "only state 1 is known");
    const Tensor w = saved["w"];
    saved.set("project.weight", w.transpose(0, 1));
    saved.set("project.bias", full_like(w.select(0, 0), 0.0));
#ifndef FORGETFUL
    saved.remove("w");
#endif
  }
#endif

  Outputs forward(const Inputs& in) const override {
    if (STATE == 1) return {{"tokens", matmul(in["streams"], weight_)}};
    return {{"tokens", linear(in["streams"], weight_, bias_)}};
  }

 private:
  Parameter weight_, bias_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Mixing)
