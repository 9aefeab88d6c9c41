// SPDX-License-Identifier: Apache-2.0
/// Residual convolutional network for pictures, with group normalisation.
///
///   x ← act(GN(conv_3x3(image)))                                      the stem
///   x ← act(s(x) + GN(conv_3x3(act(GN(conv_3x3(x))))))                each block
///   tokens_i = W x_i + b for each place i, row by row;  pooled = mean over the places
///
/// s(x) is x, or GN(conv_1x1(x)) where width or size change. The first block of each stage but the
/// first halves height and width (rounded up). Group normalisation sees one sample only, so that
/// the batch may be small and is free to be divided into micro-batches.
///
/// Shapes  image [B, C, H, W]; tokens [B, N, D], N = ⌈H / 2^(S−1)⌉ ⌈W / 2^(S−1)⌉ for S stages;
///         pooled [B, D].
/// Errors  `groups` must divide the channels of every stage.
/// Source  He et al. 2015, arXiv:1512.03385, the basic block, whose activation is relu; Wu and He
///         2018, arXiv:1803.08494, in the place of batch normalisation.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Residual {
 public:
  Residual(const Parameters& parameters, const std::string& name, std::int64_t in, std::int64_t out,
           std::int64_t stride, std::int64_t groups, std::string activation)
      : activation_(std::move(activation)),
        conv_1_(parameters.in(name), "conv_1", in, out, 3, without_bias(stride, 1)),
        norm_1_(parameters.in(name), "norm_1", groups, out),
        conv_2_(parameters.in(name), "conv_2", out, out, 3, without_bias(1, 1)),
        norm_2_(parameters.in(name), "norm_2", groups, out) {
    if (stride == 1 && in == out) return;
    conv_skip_.emplace(parameters.in(name), "conv_skip", in, out, 1, without_bias(stride, 0));
    norm_skip_.emplace(parameters.in(name), "norm_skip", groups, out);
  }

  Tensor operator()(const Tensor& x) const {
    const Tensor skipped = conv_skip_ ? (*norm_skip_)((*conv_skip_)(x)) : x;
    const Tensor inner = activate(activation_, norm_1_(conv_1_(x)));
    return activate(activation_, skipped + norm_2_(conv_2_(inner)));
  }

  static ConvolutionOptions without_bias(std::int64_t stride, std::int64_t padding) {
    ConvolutionOptions options;
    options.stride = stride;
    options.padding = padding;
    options.bias = false;  // the norm behind it has one
    return options;
  }

 private:
  std::string activation_;
  Conv2d conv_1_;
  GroupNorm norm_1_;
  Conv2d conv_2_;
  GroupNorm norm_2_;
  std::optional<Conv2d> conv_skip_;
  std::optional<GroupNorm> norm_skip_;
};

class ResNet final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.resnet", "1.0.0",
                                     "Encode an image by residual convolutions."};

  struct Config {
    std::int64_t height = 32;
    std::int64_t width = 32;
    std::int64_t channels = 3;
    std::vector<std::int64_t> stages{16, 32, 64};
    std::int64_t blocks = 1;
    std::int64_t groups = 8;
    std::string activation = "silu";
    std::int64_t dim = 64;
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields.add("height", height, "Height H of the image in pixels.")
          .at_least(1)
          .from_wire("image", 2);
      fields.add("width", width, "Width W of the image in pixels.")
          .at_least(1)
          .from_wire("image", 3);
      fields.add("channels", channels, "Channels C: 1 grey, 3 colour.")
          .at_least(1)
          .from_wire("image", 1);
      fields.add("stages", stages, "Channels of each stage; each but the first halves the size.")
          .at_least(1)
          .length(1, 8);
      fields.add("blocks", blocks, "Residual blocks in each stage.").at_least(1);
      fields
          .add("groups", groups, "Groups of the normalisation; must divide each stage's channels.")
          .at_least(1);
      fields.add("activation", activation, "Of every layer.").one_of(activation_names());
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("dropout", dropout, "Probability of dropping an element before the last layer.")
          .at_least(0.0)
          .below(1.0);
    }
    std::int64_t places() const {
      std::int64_t rows = height, columns = width;
      for (std::size_t i = 1; i < stages.size(); ++i) {
        rows = (rows + 1) / 2;
        columns = (columns + 1) / 2;
      }
      return rows * columns;
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("C", config.channels);
    ports.size("H", config.height);
    ports.size("W", config.width);
    ports.size("N", config.places());
    ports.size("D", config.dim);
    ports.input("image", "[B, C, H, W]", "Normalised pixels.");
    ports.output("tokens", "[B, N, D]", "One token for each place, row by row.");
    ports.output("pooled", "[B, D]", "The whole image in one vector.");
  }

  ResNet(const Config& config, const Parameters& parameters)
      : config_(config),
        stem_(parameters, "stem", config.channels, config.stages.front(), 3,
              Residual::without_bias(1, 1)),
        stem_norm_(parameters, "stem_norm", config.groups, config.stages.front()),
        out_(parameters, "out", config.stages.back(), config.dim) {
    std::int64_t in = config.stages.front();
    for (std::size_t stage = 0; stage < config.stages.size(); ++stage)
      for (std::int64_t block = 0; block < config.blocks; ++block) {
        blocks_.emplace_back(parameters,
                             "stage_" + std::to_string(stage) + ".block_" + std::to_string(block),
                             in, config.stages[stage], stage > 0 && block == 0 ? 2 : 1,
                             config.groups, config.activation);
        in = config.stages[stage];
      }
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = activate(config_.activation, stem_norm_(stem_(in["image"])));  // [B, C', H, W]
    for (const Residual& block : blocks_) x = block(x);
    x = x.reshape({x.size(0), x.size(1), -1}).transpose(1, 2);  // [B, N, C']
    x = out_(dropout(x, config_.dropout));
    return {{"tokens", x}, {"pooled", mean(x, {1})}};
  }

 private:
  Config config_;
  Conv2d stem_;
  GroupNorm stem_norm_;
  std::vector<Residual> blocks_;
  Linear out_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::ResNet)
