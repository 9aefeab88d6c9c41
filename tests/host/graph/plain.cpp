// SPDX-License-Identifier: Apache-2.0
/// A loss that knows of no masks, and one whose mask has one axis.

#include <weft/plugin.hpp>

namespace weft {
namespace {

struct NoConfig {
  void describe(Fields&) {}
};

/// The sum of all scores, so that every row counts.
class Plain : public Loss {
 public:
  static constexpr Identity identity{"test/loss.plain", "1.0.0", "For tests of the host."};
  using Config = NoConfig;

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, V]", "Scores.");
    ports.input("target", "[B]", "The class that came.", WEFT_DTYPES_INDEX);
    ports.optional_input("extra", "[B]", "Anything.", WEFT_DTYPES_BOOL);
    ports.output("loss", "[]", "Sum.");
    ports.output("weight", "[]", "Rows.");
  }
  Plain(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override { return {{"loss", sum(in["logits"])}}; }
  Tensor weight(const Inputs& in) const override {
    return sum(full_like(in["target"], 1.0)).to(WEFT_DTYPE_FLOAT64);
  }
};

class Masked final : public Plain {
 public:
  static constexpr Identity identity{"test/loss.masked", "1.0.0", "For tests of the host."};

  static void ports(Ports& ports, const Config& config) {
    Plain::ports(ports, config);
    ports.mask_input("real", "[B]", "target");
  }
  using Plain::Plain;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Plain, weft::Masked)
