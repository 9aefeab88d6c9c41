// SPDX-License-Identifier: Apache-2.0
// out = x + y, where y may be left unwired, through the C++ layer, and one deed that none may do.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Sum final : public Fusion {
 public:
  static constexpr Identity identity{"tests/fusion.optional", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.input("x", "[B, D]", "Numbers.");
    ports.optional_input("y", "[B, D]", "More of them.", WEFT_DTYPES_FLOAT);
    ports.output("out", "[B, D]", "The sum.");
  }
  Sum(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor y = in["y"];
    if (!y && does("need_optional")) throw Error(WEFT_INVALID, "y must be wired");
    return {{"out", y ? in["x"] + y : in["x"] * 1.0}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Sum)
