// SPDX-License-Identifier: Apache-2.0
/// Golden encoder: each row of a picture becomes a token.
///
///   tokens = dropout(LN(gelu(rows W + b)) + offset), dropout 0.5      [B, 1, H, W] → [B, H, D]
///
/// `offset` is a buffer, 0.25 at first.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Rows final : public Encoder {
 public:
  static constexpr Identity identity{"golden/encoder.rows", "1.0.0", "Each row becomes a token."};

  struct Config {
    std::int64_t columns = 28;
    std::int64_t dim = 16;

    void describe(Fields& fields) {
      fields.add("columns", columns, "Width W of a picture.").at_least(1);
      fields.add("dim", dim, "Width D of a token.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("W", config.columns);
    ports.size("D", config.dim);
    ports.input("image", "[B, 1, H, W]", "Pictures.");
    ports.output("tokens", "[B, H, D]", "One token for each row.");
  }

  Rows(const Config& config, const Parameters& parameters)
      : columns_(config.columns),
        project_(parameters, "project", config.columns, config.dim),
        norm_(parameters, "norm", config.dim),
        offset_(parameters.buffer("offset", {config.dim}, Init::constant(0.25))) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor image = in["image"];
    const Tensor rows = image.reshape({image.size(0), -1, columns_});
    return {{"tokens", dropout(norm_(gelu(project_(rows))) + offset_.tensor(), 0.5)}};
  }

 private:
  std::int64_t columns_;
  Linear project_;
  LayerNorm norm_;
  Buffer offset_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Rows)
