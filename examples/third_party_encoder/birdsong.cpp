// SPDX-License-Identifier: Apache-2.0
// acme/encoder.birdsong: frames of sound, such as a log-mel spectrogram, into tokens by strided
// convolutions alone.
//
//   X_0 = features
//   X_s = gelu(LN(conv_s(X_{s−1}))),  s = 1 … S
//   tokens = X_S,  pooled = mean of the real tokens
//
// conv_s runs over time with stride 2 and is `kernel` frames wide. Padding is zeroed before each
// convolution, so that a padded sample gives what it gives alone.
//
// Shapes  features [B, T, F], mask [B, T]; tokens [B, U, D], mask [B, U], pooled [B, D].
//         U = T halved S times, rounded up each time. A token is real if the middle of its frames
//         is.
// Errors  `kernel` must be odd.
// Source  The feature encoder of wav2vec 2.0 (Baevski et al. 2020, arXiv:2006.11477: convolution,
//         layer normalisation, GELU), over log-mel frames instead of samples, as the stem of
//         Whisper does (Radford et al. 2022, arXiv:2212.04356).

#include <weft/plugin.hpp>

namespace {
using namespace weft;

class Birdsong final : public Encoder {
 public:
  static constexpr Identity identity{"acme/encoder.birdsong", "1.0.0",
                                     "Encode frames of sound by strided convolutions."};

  struct Config {
    std::int64_t features = 80, dim = 64, stages = 2, kernel = 5;

    void describe(Fields& fields) {
      fields.add("features", features, "Numbers F in a frame, such as mel bands.")
          .at_least(1)
          .from_wire("features", 2);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("stages", stages, "Convolutions; each halves the number of frames.").at_least(1);
      fields.add("kernel", kernel, "Frames that a convolution sees; odd.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("F", config.features);
    ports.size("D", config.dim);
    ports.input("features", "[B, T, F]", "Frames in time order.");
    ports.mask_input("mask", "[B, T]", "features");
    ports.output("tokens", "[B, U, D]", "The sound, shortened.");
    ports.mask_output("mask", "[B, U]", "tokens");
    ports.output("pooled", "[B, D]", "The whole sound in one vector.");
  }

  Birdsong(const Config& config, const Parameters& parameters) {
    for (std::int64_t s = 0; s < config.stages; ++s) {
      const Parameters stage = parameters.in("stage_" + std::to_string(s));
      stages_.push_back(
          {{stage, "conv", s == 0 ? config.features : config.dim, config.dim, config.kernel, 2},
           {stage, "norm", config.dim}});
    }
  }

  void infer(Shapes& shapes) const override {
    std::int64_t length = shapes.input("features")[1];
    if (length < 0) return;  // not known yet
    for (std::size_t s = 0; s < stages_.size(); ++s) length = (length + 1) / 2;
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = in["features"], mask = in["mask"];
    for (const Stage& stage : stages_) {
      x = gelu(stage.norm(stage.convolution(zero_padding(x, mask))));
      if (mask) mask = mask.slice(1, 0, mask.size(1), 2);
    }
    if (!mask) mask = full_mask(x);
    return {{"tokens", x}, {"mask", mask}, {"pooled", masked_mean(x, mask)}};
  }

 private:
  struct Stage {
    Convolution convolution;
    LayerNorm norm;
  };
  std::vector<Stage> stages_;
};

}  // namespace

WEFT_PLUGIN(Birdsong)
