// SPDX-License-Identifier: Apache-2.0
/// Port shapes such as "[B, N*, 64]": parsed, unified with real sizes, and resolved again.
/// The grammar is documented at weft_port.shape in <weft/abi.h>.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::host {

/// What the symbols of one component stand for. `leading` is what `...` stands for.
struct Symbols {
  std::map<std::string, std::int64_t> sizes;
  std::optional<std::vector<std::int64_t>> leading;
};

class ShapePattern {
 public:
  /// @throws std::invalid_argument if `text` is not a port shape
  explicit ShapePattern(const std::string& text);

  /// Binds the symbols that are free. False if `sizes` does not fit; then `symbols` is unchanged.
  bool unify(const std::vector<std::int64_t>& sizes, Symbols& symbols) const;
  /// Sizes with -1 for every symbol that is free; nothing if `...` is free.
  std::optional<std::vector<std::int64_t>> resolve(const Symbols& symbols) const;
  /// "[B, N, 64]": with the values of those symbols that `fixed` holds.
  std::string text(const std::map<std::string, std::int64_t>& fixed) const;

 private:
  struct Axis {
    std::int64_t size = -1;  // or, if negative, the symbol
    std::string symbol;
    bool each = false;  // a starred symbol: free for every wire
  };
  bool leading_ = false;
  std::vector<Axis> axes_;
};

}  // namespace weft::host
