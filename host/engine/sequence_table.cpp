// SPDX-License-Identifier: Apache-2.0
#include "host/engine/caches.hpp"
#include "host/engine/failure.hpp"

namespace weft::host {
namespace {

weft_sequence current(const weft_call* /*the one in progress on this thread*/) noexcept {
  return reinterpret_cast<weft_sequence>(CachesScope::current());
}

/// Runs the body with the caches behind the handle.
template <class Body>
weft_status with(weft_sequence sequence, const char* place, const void* out,
                 const Body& body) noexcept {
  return guarded([&] { return place; },
                 [&] {
                   auto* const caches = reinterpret_cast<Caches*>(sequence);
                   if (caches == nullptr || caches != CachesScope::current())
                     throw Failure(WEFT_INVALID,
                                   std::string(place) + ": it is not the sequence of this call");
                   if (out == nullptr)
                     throw Failure(WEFT_INVALID, std::string(place) + ": out is null");
                   body(*caches);
                 });
}

weft_status positions(weft_sequence sequence, std::int64_t n, weft_tensor* out) noexcept {
  return with(sequence, "sequence.positions", out,
              [&](Caches& caches) { *out = caches.positions(n).release(); });
}

weft_status append(weft_sequence sequence, std::uint32_t slot, weft_tensor entries,
                   weft_tensor* all) noexcept {
  return with(sequence, "sequence.append", all,
              [&](Caches& caches) { *all = caches.append(slot, entries).release(); });
}

weft_status attend(weft_sequence sequence, std::uint32_t key_slot, std::uint32_t value_slot,
                   weft_tensor queries, weft_tensor keys, weft_tensor values, double scale,
                   weft_tensor* out) noexcept {
  return with(sequence, "sequence.attend", out, [&](Caches& caches) {
    *out = caches.attend(key_slot, value_slot, queries, keys, values, scale).release();
  });
}

weft_status recall(weft_sequence sequence, std::uint32_t slot, weft_tensor* out) noexcept {
  return with(sequence, "sequence.recall", out,
              [&](Caches& caches) { *out = caches.recall(slot).release(); });
}

weft_status keep(weft_sequence sequence, std::uint32_t slot, weft_tensor value) noexcept {
  return with(sequence, "sequence.keep", &slot, [&](Caches& caches) { caches.keep(slot, value); });
}

}  // namespace

const weft_sequence_api* sequence_api() {
  static constexpr weft_sequence_api table = {
      sizeof(weft_sequence_api), 0, current, positions, append, attend, recall, keep};
  return &table;
}

}  // namespace weft::host
