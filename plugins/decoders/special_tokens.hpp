// SPDX-License-Identifier: Apache-2.0
/// What decoders that write texts have alike: the tokens that begin, end and fill them.

#pragma once

#include <weft/plugin.hpp>

#include <string>

namespace weft __attribute__((visibility("hidden"))) {

  struct SpecialTokens {
    std::int64_t begin_id = 2;
    std::int64_t end_id = 3;
    std::int64_t pad_id = 0;

    void describe(Fields& fields) {
      fields.add("begin_id", begin_id, "Token that starts every text.").at_least(0);
      fields.add("end_id", end_id, "Token that ends it.").at_least(0);
      fields.add("pad_id", pad_id, "Token that follows the end.").at_least(0);
    }

    /// Refuses a configuration with one that a vocabulary of this size does not hold.
    void require_below(std::int64_t vocab) const {
      require("begin_id", begin_id, vocab);
      require("end_id", end_id, vocab);
      require("pad_id", pad_id, vocab);
    }

    /// Of a decoder with the ports `target` and `logits`.
    weft_autoregressive extension() const {
      return {sizeof(weft_autoregressive), 0, "target", "logits", begin_id, end_id, pad_id};
    }

   private:
    static void require(const char* field, std::int64_t id, std::int64_t vocab) {
      if (id >= vocab)
        reject(field,
               std::to_string(id) + " must be less than vocab_size " + std::to_string(vocab));
    }
  };

  /// Refuses a text that is longer than the decoder takes.
  inline void require_fits(std::int64_t found, std::int64_t max_length) {
    if (found > max_length)
      reject("max_length", "is " + std::to_string(max_length) + ", but the target has " +
                               std::to_string(found) + " tokens");
  }

}  // namespace weft
