// SPDX-License-Identifier: Apache-2.0
/// Sum of projections: every stream pooled, mapped and added up into one token.
///
///   tokens = Σ_i [ W_i p_i + b_i ],   p_i = mean over the real tokens of H_i
///
/// Late fusion without interaction: what one modality adds does not depend on the others. A stream
/// of which a sample has no real token adds b_i alone.
///
/// Shapes  streams H_i [B, N_i, D], masks [B, N_i]; tokens [B, 1, D].

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Sum final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.sum", "1.0.0", "Add the pooled streams up."};

  struct Config {
    std::int64_t dim = 64;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input_list("streams", "[B, N*, D]", "The modalities to fuse.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, 1, D]", "All streams in one token.");
  }

  Sum(const Config& config, const Parameters& parameters) {
    for (std::int64_t i = 0; i < parameters.wired("streams"); ++i)
      project_.emplace_back(parameters, "project_" + std::to_string(i), config.dim, config.dim);
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    Tensor total;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const Tensor pooled = masked_mean(zero_padding(streams[i], masks[i]), masks[i]);
      const Tensor part = project_[i](pooled);
      total = total ? total + part : part;
    }
    return {{"tokens", total.unsqueeze(1)}};
  }

 private:
  std::vector<Linear> project_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Sum)
