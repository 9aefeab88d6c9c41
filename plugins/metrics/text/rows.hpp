// SPDX-License-Identifier: Apache-2.0
/// What text metrics compare: in each row a written text and the references that are as right as
/// each other. A wire of `target` holds one a row, [B, T], or several, [B, R, T], such as the
/// captions of one picture; of several those without a byte are none. A reference whose sample
/// lacks it is none either. Rows that are not present, or that have no reference, do not count.

#pragma once

#include <weft/plugin.hpp>
#include <weft/text.hpp>

#include <vector>

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  inline void declare_rows(Ports& ports) {
    ports.input("predicted", "[B, P]", "The texts that were written.", k_text_types);
    ports.input_list("target", "[..., T*]", "Texts that are right: [B, T], or several a row.",
                     k_text_types);
    ports.mask_input("predicted_mask", "[B, P]", "predicted");
    ports.mask_input_list("target_masks", "[..., T*]", "target");
    ports.present_input();
    ports.optional_input_list("target_present", "[B]", "False: the sample lacks this reference.",
                              WEFT_DTYPES_BOOL);
  }

  /// The rows of one batch. What it gives is valid as long as it lives.
  class Rows {
   public:
    explicit Rows(const Inputs& in)
        : predicted_(in["predicted"], in["predicted_mask"]), present_(flags(in["present"])) {
      const std::vector<Tensor> targets = in.list("target");
      const std::vector<Tensor> masks = in.list("target_masks", targets.size());
      const std::vector<Tensor> present = in.list("target_present", targets.size());
      for (std::size_t i = 0; i < targets.size(); ++i) {
        targets_.push_back({Text(targets[i], masks[i]), flags(present[i]), targets[i].dim() == 3});
        if (targets_.back().text.rows() != predicted_.rows())
          throw Error(WEFT_INVALID, "a target has " + std::to_string(targets[i].size(0)) +
                                        " rows, and what was written has " +
                                        std::to_string(predicted_.rows()));
      }
    }

    /// Calls each(std::string_view predicted, const std::vector<std::string_view>& references).
    template <class Each>
    void for_each(Each&& each) const {
      std::vector<std::string_view> references;
      for (std::int64_t row = 0; row < predicted_.rows(); ++row) {
        if (!is_true(present_, row)) continue;
        references.clear();
        for (const Target& target : targets_) add(target, row, references);
        if (!references.empty()) each(predicted_.row(row), references);
      }
    }

   private:
    struct Target {
      Text text;
      std::vector<char> present;  // none: all are
      bool has_several;
    };

    static void add(const Target& target, std::int64_t row,
                    std::vector<std::string_view>& references) {
      if (!is_true(target.present, row)) return;
      for (std::int64_t i = 0; i < target.text.each(); ++i) {
        const std::string_view one = target.text.row(row, i);
        if (!one.empty() || !target.has_several) references.push_back(one);
      }
    }

    static std::vector<char> flags(const Tensor& tensor) {
      if (!tensor) return {};
      const Tensor flat = detail::in_a_row(tensor);
      const bool* const first = flat.data<bool>();
      return {first, first + flat.count()};
    }
    static bool is_true(const std::vector<char>& flags, std::int64_t row) {
      return flags.empty() || flags[static_cast<std::size_t>(row)] != 0;
    }

    Text predicted_;
    std::vector<Target> targets_;
    std::vector<char> present_;
  };

  /// Numbers as a state or output of a metric.
  inline Tensor tensor_of(const std::vector<double>& values, const Sizes& sizes,
                          const Tensor& like) {
    Tensor tensor = empty(sizes, WEFT_DTYPE_FLOAT64, like);
    std::copy(values.begin(), values.end(), tensor.data<double>());
    return tensor;
  }
  inline Tensor number_of(double value, const Tensor& like) {
    return tensor_of({value}, {}, like);
  }
  /// Adds numbers to a state [n].
  inline void add_to(State& state, std::string_view name, const std::vector<double>& values) {
    state.add(name, tensor_of(values, {static_cast<std::int64_t>(values.size())}, state[name]));
  }
  /// The elements of a state.
  inline std::vector<double> values_of(const Tensor& state) {
    const Tensor flat = detail::in_a_row(state);
    const double* const first = flat.data<double>();
    return {first, first + flat.count()};
  }

  }  // namespace text
}  // namespace weft
