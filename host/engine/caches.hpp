// SPDX-License-Identifier: Apache-2.0
/// What is kept of a part's past, so that a call computes the new tokens of texts only. Parts use
/// it through weft_sequence_api.

#pragma once

#include <weft/drafts.h>

#include <cstdint>
#include <string>
#include <vector>

#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// One cache of a part; fields as in weft_cache.
struct CacheSpec {
  std::string name;
  std::uint32_t kind = 0;
  std::uint32_t axis = 0;
};

/// The texts that a call goes on with, row by row.
struct NewTokens {
  std::vector<std::int64_t> parents;  ///< rows of the call before that these rows go on from
  std::vector<std::int64_t> kept;     ///< how many of the parent's tokens they have in common
  std::vector<std::int64_t> fresh;    ///< new tokens of each row; the call has as many as the most
  bool has_same_context = false;      ///< row by row that of the call before: ONCE caches stay
};

/// The caches of one part for texts that it writes side by side.
class WEFT_ENGINE_API Caches {
 public:
  explicit Caches(std::vector<CacheSpec> specs);

  /// How many tokens of each row are kept; empty before the first call.
  const std::vector<std::int64_t>& lengths() const { return lengths_; }
  /// Whether texts can be cut off: a CARRY cache cannot go back.
  bool can_truncate() const;

  /// Forgets everything; the next call has so many rows without a past.
  void clear(std::int64_t rows);

  /// Prepares a call: reorders, repeats and drops rows, and cuts them off. After the call
  /// advance() counts the new tokens in.
  /// REQUIRES: kept equals the parent's length where can_truncate() is false
  void prepare(const NewTokens& tokens);
  void advance();

  // For the table. They throw Failure where the part is at fault.
  Tensor positions(std::int64_t n) const;
  Tensor append(std::uint32_t slot, weft_tensor entries);
  Tensor attend(std::uint32_t key_slot, std::uint32_t value_slot, weft_tensor queries,
                weft_tensor keys, weft_tensor values, double scale);
  Tensor recall(std::uint32_t slot);
  void keep(std::uint32_t slot, weft_tensor value);

 private:
  struct Slot {
    CacheSpec spec;
    Tensor stored;             ///< of APPEND longer than what is kept; absent at first
    bool was_written = false;  ///< in this call
  };
  Slot& slot(std::uint32_t number, bool grows, const char* function);
  /// bool [B, 1, n, T]: which entries the new tokens see; absent where all rows see all.
  const Tensor& visible();
  /// Puts entries behind those of each row.
  void write(const Slot& to, const Tensor& entries) const;

  std::vector<Slot> slots_;
  std::vector<std::int64_t> lengths_, fresh_;
  std::int64_t most_ = 0;  ///< the most of `fresh_`
  bool is_even_ = true;    ///< all rows have the same length and the same number of new tokens
  Tensor visible_;
};

/// The table through which parts use them, alive as long as the process: WEFT_DRAFT_SEQUENCE.
WEFT_ENGINE_API const weft_sequence_api* sequence_api();

/// While it lives, calls of parts on this thread go on with these texts; null: whole passes. Scopes
/// nest; the innermost counts.
class WEFT_ENGINE_API CachesScope {
 public:
  explicit CachesScope(Caches* caches);
  ~CachesScope();
  CachesScope(const CachesScope&) = delete;
  CachesScope& operator=(const CachesScope&) = delete;

  /// Those of the innermost scope.
  static Caches* current();

 private:
  Caches* outer_;
};

}  // namespace weft::host
