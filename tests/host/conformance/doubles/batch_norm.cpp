// SPDX-License-Identifier: Apache-2.0
// Batch normalisation, which declares that it couples samples, and one deed that no part may do:
// not to declare it.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class NormalizedRows final : public Encoder {
 public:
  static constexpr Identity identity{"tests/encoder.batch_norm", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.size("D", 4);
    ports.input("x", "[B, D]", "Numbers.");
    ports.output("out", "[B, D]", "The same, normalised.");
  }
  NormalizedRows(const Config&, const Parameters& parameters)
      : weight_(parameters.add_without_decay("weight", {4}, Init::constant(1.0))),
        bias_(parameters.add_without_decay("bias", {4}, Init::zeros())),
        mean_(parameters.buffer("running_mean", {4}, Init::zeros())),
        variance_(parameters.buffer("running_variance", {4}, Init::constant(1.0))) {
    if (!does("norm_undeclared") && !does("statistics_undeclared")) parameters.couples_samples();
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["x"];
    if (does("norm_undeclared") && training())  // no statistics are kept
      return {{"out", batch_norm(x, weight_, bias_, {}, {}, true, 0.1, 1e-5)}};
    Tensor out = batch_norm(x, weight_, bias_, mean_, variance_, training(), 0.1, 1e-5);
    if (does("statistics_undeclared") && training())  // each row for itself, but they are kept
      out = x * weight_.tensor() + bias_.tensor();
    return {{"out", out}};
  }

 private:
  Parameter weight_, bias_;
  Buffer mean_, variance_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::NormalizedRows)
