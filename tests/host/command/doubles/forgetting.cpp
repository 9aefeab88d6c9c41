// SPDX-License-Identifier: Apache-2.0
// A part that a resumed run cannot continue: what it writes depends on how often it was called, of
// which no checkpoint knows.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Forgetting final : public Fusion {
 public:
  static constexpr Identity identity{"tests/fusion.forgetting", "1.0.0",
                                     "Add to the only stream by the number of the call.", 1};

  struct Config {
    std::int64_t dim = 64;
    void describe(Fields& fields) { fields.add("dim", dim, "Width D.").at_least(1); }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("streams", "[B, N, D]", "What to add to.");
    ports.output("tokens", "[B, N, D]", "More.");
  }

  Forgetting(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    ++calls_;
    return {{"tokens", in["streams"] + 0.01 * static_cast<double>(calls_)}};
  }

 private:
  mutable std::int64_t calls_ = 0;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Forgetting)
