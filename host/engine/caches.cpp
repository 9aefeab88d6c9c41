// SPDX-License-Identifier: Apache-2.0
#include "host/engine/caches.hpp"

#include <ATen/core/List.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/index_put.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "host/base/text.hpp"
#include "host/engine/device/placement.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

thread_local Caches* current_caches = nullptr;

constexpr std::int64_t k_least_room = 16;  // entries; room doubles when it is used up

at::Tensor index(const std::vector<std::int64_t>& values, const at::Tensor& like) {
  return at::tensor(values, at::TensorOptions().dtype(at::kLong)).to(like.device());
}

bool is_in_order(const std::vector<std::int64_t>& rows, std::int64_t count) {
  if (std::ssize(rows) != count) return false;
  for (std::int64_t i = 0; i < count; ++i)
    if (rows[static_cast<std::size_t>(i)] != i) return false;
  return true;
}

std::int64_t largest(const std::vector<std::int64_t>& values) {
  return values.empty() ? 0 : *std::ranges::max_element(values);
}

bool are_equal(const std::vector<std::int64_t>& values) {
  return std::ranges::all_of(values, [&](std::int64_t value) { return value == values.front(); });
}

/// Sizes without the axis that grows, for the comparison of two.
std::vector<std::int64_t> other_sizes(const at::Tensor& tensor, std::int64_t axis) {
  std::vector<std::int64_t> sizes = tensor.sizes().vec();
  sizes.erase(sizes.begin() + axis);
  return sizes;
}

}  // namespace

Caches::Caches(std::vector<CacheSpec> specs) {
  for (CacheSpec& spec : specs) slots_.push_back({std::move(spec), {}, false});
}

bool Caches::can_truncate() const {
  return std::ranges::none_of(slots_,
                              [](const Slot& slot) { return slot.spec.kind == WEFT_CACHE_CARRY; });
}

void Caches::clear(std::int64_t rows) {
  for (Slot& slot : slots_) slot.stored = Tensor();
  lengths_.assign(static_cast<std::size_t>(rows), 0);
}

void Caches::prepare(const NewTokens& tokens) {
  checked("preparing caches", [&] {
    if (!is_in_order(tokens.parents, std::ssize(lengths_)))
      for (Slot& slot : slots_) {
        if (!slot.stored || (slot.spec.kind == WEFT_CACHE_ONCE && tokens.has_same_context))
          continue;
        at::Tensor all = tensor_of(slot.stored);
        if (slot.spec.kind == WEFT_CACHE_APPEND)  // what lies behind is not worth the copy
          all = all.narrow(slot.spec.axis, 0,
                           std::min(all.size(slot.spec.axis), largest(tokens.kept) + k_least_room));
        slot.stored = wrap(at::index_select(all, 0, index(tokens.parents, all)));
      }
    lengths_ = tokens.kept;
    fresh_ = tokens.fresh;
    most_ = largest(fresh_);
    is_even_ = are_equal(lengths_) && are_equal(fresh_);
    visible_ = Tensor();
    for (Slot& slot : slots_) slot.was_written = false;
  });
}

void Caches::advance() {
  for (std::size_t i = 0; i < lengths_.size(); ++i) lengths_[i] += fresh_[i];
}

Caches::Slot& Caches::slot(std::uint32_t number, bool grows, const char* function) {
  if (number >= slots_.size())
    throw Failure(WEFT_INDEX, concat(function, ": there is no cache ", number,
                                     "; the part declared ", slots_.size()));
  Slot& found = slots_[number];
  if ((found.spec.kind == WEFT_CACHE_APPEND) != grows)
    throw Failure(WEFT_INVALID, concat(function, ": cache \"", found.spec.name, "\" is ",
                                       grows ? "not " : "", "of kind WEFT_CACHE_APPEND"));
  return found;
}

Tensor Caches::positions(std::int64_t n) const {
  if (n != most_)
    throw Failure(WEFT_INVALID,
                  concat("sequence.positions: there are ", most_, " new tokens, asked for ", n));
  std::vector<std::int64_t> all;
  for (std::size_t row = 0; row < lengths_.size(); ++row)
    for (std::int64_t t = 0; t < n; ++t)
      all.push_back(std::max<std::int64_t>(0, lengths_[row] + std::min(t, fresh_[row] - 1)));
  return wrap(at::tensor(all, at::kLong).reshape({std::ssize(lengths_), n}).to(current_device()));
}

Tensor Caches::append(std::uint32_t number, weft_tensor handle) {
  Slot& to = slot(number, true, "sequence.append");
  const std::int64_t axis = to.spec.axis, rows = std::ssize(lengths_);
  if (handle == nullptr) throw Failure(WEFT_INVALID, "sequence.append: the tensor is null");
  const at::Tensor entries = tensor_of(handle).detach();
  if (entries.dim() <= axis || entries.size(0) != rows || entries.size(axis) != most_)
    throw Failure(WEFT_INVALID,
                  concat("sequence.append: cache \"", to.spec.name, "\" takes ", rows, " rows and ",
                         most_, " entries along axis ", axis, ", found ", describe(entries)));
  if (to.was_written)
    throw Failure(WEFT_INVALID, concat("sequence.append: cache \"", to.spec.name,
                                       "\" was appended to in this call already"));
  const std::int64_t begin = largest(lengths_), end = begin + most_;
  if (to.stored && other_sizes(tensor_of(to.stored), axis) != other_sizes(entries, axis))
    throw Failure(WEFT_INVALID,
                  concat("sequence.append: cache \"", to.spec.name, "\" holds ",
                         describe(tensor_of(to.stored)), ", found ", describe(entries)));
  const std::int64_t room = to.stored ? tensor_of(to.stored).size(axis) : 0;
  if (room < end) {
    std::vector<std::int64_t> sizes = entries.sizes().vec();
    sizes[static_cast<std::size_t>(axis)] = std::max({end, 2 * room, k_least_room});
    // Zeros, for what is masked must still be a number.
    at::Tensor larger = at::zeros(sizes, entries.options());
    if (room > 0) larger.narrow(axis, 0, room).copy_(tensor_of(to.stored));
    to.stored = wrap(larger);
  }
  write(to, wrap(entries));
  to.was_written = true;
  return wrap(tensor_of(to.stored).narrow(axis, 0, end));
}

void Caches::write(const Slot& to, const Tensor& entries) const {
  const std::int64_t axis = to.spec.axis, rows = std::ssize(lengths_);
  const at::Tensor all = tensor_of(to.stored);
  if (are_equal(lengths_)) {
    all.narrow(axis, largest(lengths_), most_).copy_(tensor_of(entries));
    return;
  }
  c10::List<std::optional<at::Tensor>> places;
  places.push_back(at::arange(rows, all.options().dtype(at::kLong)).unsqueeze(1));
  places.push_back(
      index(lengths_, all).unsqueeze(1).add(at::arange(most_, all.options().dtype(at::kLong))));
  all.movedim(axis, 1).index_put_(places, tensor_of(entries).movedim(axis, 1));
}

const Tensor& Caches::visible() {
  if (visible_ || (is_even_ && most_ == 1)) return visible_;
  const std::int64_t end = largest(lengths_) + most_;
  const at::Tensor first = at::tensor(lengths_, at::kLong).reshape({-1, 1, 1, 1});
  const at::Tensor last = first.add(at::arange(most_).reshape({1, 1, -1, 1}));  // [B, 1, n, 1]
  visible_ = wrap(at::arange(end).reshape({1, 1, 1, -1}).le(last));
  return visible_;
}

Tensor Caches::attend(std::uint32_t key_slot, std::uint32_t value_slot, weft_tensor queries,
                      weft_tensor keys, weft_tensor values, double scale) {
  for (const std::uint32_t number : {key_slot, value_slot})
    if (const Slot& one = slot(number, true, "sequence.attend"); one.spec.axis != 2)
      throw Failure(WEFT_INVALID, concat("sequence.attend: cache \"", one.spec.name,
                                         "\" grows along axis ", one.spec.axis, ", expected 2"));
  if (queries == nullptr) throw Failure(WEFT_INVALID, "sequence.attend: a tensor is null");
  const bool is_first = largest(lengths_) == 0;
  const Tensor all_keys = append(key_slot, keys), all_values = append(value_slot, values);
  const at::Tensor &query = tensor_of(queries), &key = tensor_of(all_keys);
  if (query.dim() != 4 || key.dim() != 4 || query.size(2) != most_ || key.size(1) == 0 ||
      query.size(1) % key.size(1) != 0)
    throw Failure(WEFT_INVALID, concat("sequence.attend: queries ", describe(query),
                                       " do not fit keys ", describe(key)));
  std::optional<at::Tensor> mask;
  if (!is_first && visible()) mask = tensor_of(visible()).to(query.device());
  return wrap(at::scaled_dot_product_attention(
      query, key, tensor_of(all_values), mask, 0.0, is_first,
      scale > 0 ? std::optional<double>(scale) : std::nullopt, query.size(1) != key.size(1)));
}

Tensor Caches::recall(std::uint32_t number) {
  return slot(number, false, "sequence.recall").stored;
}

void Caches::keep(std::uint32_t number, weft_tensor handle) {
  Slot& to = slot(number, false, "sequence.keep");
  if (handle == nullptr) throw Failure(WEFT_INVALID, "sequence.keep: the tensor is null");
  const at::Tensor value = tensor_of(handle).detach();
  const std::int64_t rows = std::ssize(lengths_);
  if (value.dim() == 0 || value.size(0) != rows)
    throw Failure(WEFT_INVALID, concat("sequence.keep: cache \"", to.spec.name, "\" takes ", rows,
                                       " rows, found ", describe(value)));
  const bool all_move = std::ranges::all_of(fresh_, [](std::int64_t count) { return count > 0; });
  if (to.spec.kind == WEFT_CACHE_ONCE || all_move || !to.stored) {
    to.stored = wrap(value);
    return;
  }
  // A row without new tokens stays where it was.
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(value.dim()), 1);
  sizes.front() = rows;
  const at::Tensor moves = index(fresh_, value).gt(0).reshape(sizes);
  to.stored = wrap(at::where(moves, value, tensor_of(to.stored)));
}

CachesScope::CachesScope(Caches* caches) : outer_(std::exchange(current_caches, caches)) {}

CachesScope::~CachesScope() {
  current_caches = outer_;
}

Caches* CachesScope::current() {
  return current_caches;
}

}  // namespace weft::host
