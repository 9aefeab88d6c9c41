// SPDX-License-Identifier: Apache-2.0
/// Texts that grow: what a part remembers of them, so that a call computes its new tokens only. In
/// training and in a whole pass there is no sequence, and nothing here is used.

#pragma once

#include <weft/ops.hpp>
#include <weft/parameters.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  namespace detail {

  /// Null in a host that does not compute, or does not know sequences.
  inline const weft_sequence_api* sequence_api() {
    return static_cast<const weft_sequence_api*>(host->core->get_extension(WEFT_DRAFT_SEQUENCE));
  }

  /// What the call in progress goes on with; null: a whole pass.
  inline weft_sequence current_sequence() {
    const weft_sequence_api* const api = sequence_api();
    return api == nullptr || current_call == nullptr ? nullptr : api->current(current_call);
  }

  }  // namespace detail

  /// Whether the call goes on with texts: its tokens are the newest ones only.
  inline bool in_sequence() {
    return detail::current_sequence() != nullptr;
  }

  /// Rows of a table [L, D] for n tokens: the first n, [n, D], or in a sequence those at the new
  /// tokens' positions, [B, n, D].
  template <class...>
  Tensor position_rows(const Tensor& table, std::int64_t n) {
    const weft_sequence sequence = detail::current_sequence();
    if (sequence == nullptr) return table.slice(0, 0, n);
    weft_tensor positions = nullptr;
    detail::check(detail::sequence_api()->positions(sequence, n, &positions));
    return embedding(table, Tensor::own(positions));
  }
  /// Positions of n tokens: 0, 1, …, n − 1 as int64 [n], or in a sequence those of the new tokens,
  /// [B, n].
  template <class...>
  Tensor token_positions(std::int64_t n, const Tensor& like) {
    const weft_sequence sequence = detail::current_sequence();
    if (sequence == nullptr) return arange(n, like);
    weft_tensor positions = nullptr;
    detail::check(detail::sequence_api()->positions(sequence, n, &positions));
    return Tensor::own(positions);
  }

  /// One cache of a part; it can be used where in_sequence() is true.
  class Cache {
   public:
    Cache() = default;
    /// Declares it; in a host that does not know caches nothing happens.
    /// @param kind  WEFT_CACHE_…
    /// @param axis  along which an APPEND cache grows
    Cache(const Parameters& parameters, const std::string& name, std::uint32_t kind,
          std::uint32_t axis = 0)
        : slot_(parameters.cache(name, kind, axis)) {}

    /// Adds entries of the new tokens to an APPEND cache → all of them.
    template <class...>
    Tensor append(const Tensor& entries) const {
      weft_tensor all = nullptr;
      detail::check(detail::sequence_api()->append(detail::current_sequence(), slot_,
                                                   entries.handle(), &all));
      return Tensor::own(all);
    }
    /// What a ONCE or CARRY cache holds; absent at first.
    Tensor recall() const {
      weft_tensor kept = nullptr;
      detail::check(detail::sequence_api()->recall(detail::current_sequence(), slot_, &kept));
      return Tensor::own(kept);
    }
    /// Puts a tensor into a ONCE or CARRY cache.
    void keep(const Tensor& value) const {
      detail::check(
          detail::sequence_api()->keep(detail::current_sequence(), slot_, value.handle()));
    }
    /// What `compute` gives, computed once for each text: of a ONCE cache, and without a sequence
    /// every time.
    template <class Compute>
    Tensor once(const Compute& compute) const {
      if (!in_sequence()) return compute();
      Tensor kept = recall();
      if (kept) return kept;
      kept = compute();
      keep(kept);
      return kept;
    }

   private:
    template <class...>
    friend Tensor attend(const Cache&, const Cache&, const Tensor&, const Tensor&, const Tensor&);
    std::uint32_t slot_ = 0;
  };

  /// Causal attention in a sequence: keys [B, g, n, d] and values are appended to their caches, and
  /// queries [B, h, n, d] attend to all before and at them → [B, h, n, d]. h is a multiple of g.
  template <class...>
  Tensor attend(const Cache& key_cache, const Cache& value_cache, const Tensor& queries,
                const Tensor& keys, const Tensor& values) {
    weft_tensor out = nullptr;
    detail::check(detail::sequence_api()->attend(detail::current_sequence(), key_cache.slot_,
                                                 value_cache.slot_, queries.handle(), keys.handle(),
                                                 values.handle(), 0.0, &out));
    return Tensor::own(out);
  }

}  // namespace weft
