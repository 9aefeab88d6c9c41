// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/witness.hpp"

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>

#include "host/base/text.hpp"
#include "host/conformance/red_zones.hpp"
#include "host/engine/tables.hpp"
#include "host/engine/tensor.hpp"
#include "host/registry/core_api.hpp"

namespace weft::host {
namespace {

/// A table in memory of its own, with further bytes behind it that no plug-in knows.
template <class Table>
class LongerTable {
 public:
  LongerTable(const Table& table, std::uint32_t further_bytes)
      : memory_((sizeof(Table) + further_bytes) / sizeof(std::max_align_t) + 1) {
    std::memset(memory_.data(), 0xa5, memory_.size() * sizeof(std::max_align_t));
    std::memcpy(memory_.data(), &table, sizeof table);
    get()->size = static_cast<std::uint32_t>(sizeof table + further_bytes);
  }
  Table* get() { return reinterpret_cast<Table*>(memory_.data()); }

 private:
  std::vector<std::max_align_t> memory_;
};

struct Ledger {
  std::mutex mutex;
  std::uint64_t calls = 0, fail_at = 0;
  bool armed = false;
  RedZones* zones = nullptr;
  std::multiset<weft_tensor> held;
  std::map<weft_tensor, int> lent;
  bool knows_lent = false;  ///< unknown handles are faults
  std::string misuse;

  std::unique_ptr<LongerTable<weft_core_api>> core;
  std::unique_ptr<LongerTable<weft_tensor_api>> tensor;
  std::unique_ptr<LongerTable<weft_op_api>> op;
  std::unique_ptr<LongerTable<weft_grad_api>> grad;
  std::unique_ptr<LongerTable<weft_migration_api>> migration;
};

Ledger* ledger = nullptr;  // of the one Witness

/// False if this call of the host is to fail.
bool begin() {
  const std::lock_guard lock(ledger->mutex);
  if (!ledger->armed) return true;
  if (++ledger->calls != ledger->fail_at) return true;
  core_api()->error_set(WEFT_FAILED, Witness::injected, std::strlen(Witness::injected));
  return false;
}

/// False, and noted, if the plug-in may not use this handle.
bool use(weft_tensor handle, const char* where) {
  const std::lock_guard lock(ledger->mutex);
  if (handle == nullptr || !ledger->knows_lent || ledger->held.contains(handle) ||
      ledger->lent.contains(handle))
    return true;
  if (ledger->misuse.empty())
    ledger->misuse = concat("it gave ", where, " a tensor that it neither holds nor was lent");
  core_api()->error_set(WEFT_INVALID, ledger->misuse.data(), ledger->misuse.size());
  return false;
}

void hold(weft_tensor handle) {
  const std::lock_guard lock(ledger->mutex);
  if (handle != nullptr) ledger->held.insert(handle);
}

/// False if it was not held.
bool let_go(weft_tensor handle) {
  const std::lock_guard lock(ledger->mutex);
  const auto found = ledger->held.find(handle);
  if (found == ledger->held.end()) return false;
  ledger->held.erase(found);
  return true;
}

void lend_one(weft_tensor handle, int count) {
  const std::lock_guard lock(ledger->mutex);
  if (handle == nullptr) return;
  if ((ledger->lent[handle] += count) <= 0) ledger->lent.erase(handle);
}

bool usable(const weft_tensor* handles, std::uint32_t count, const char* where) {
  for (std::uint32_t i = 0; i < count; ++i)
    if (!use(handles[i], where)) return false;
  return true;
}

void hold_all(const weft_tensor* handles, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) hold(handles[i]);
}

// ---- the functions of the tables ----

template <class Api>
const Api* engine();
template <>
const weft_core_api* engine() {
  return core_api();
}
template <>
const weft_tensor_api* engine() {
  return tensor_api();
}
template <>
const weft_op_api* engine() {
  return op_api();
}
template <>
const weft_grad_api* engine() {
  return grad_api();
}
template <>
const weft_migration_api* engine() {
  return migration_api();
}

bool check(weft_tensor handle) {
  return use(handle, "the host");
}
template <class Other>
bool check(Other /*no tensor*/) {
  return true;
}
void receive(weft_tensor* out) {
  hold(*out);
}
template <class Other>
void receive(Other /*no tensor*/) {}

/// A function whose signature says all: tensors among its arguments are used, and a pointer to one
/// in the last place receives a new reference.
template <auto Member>
struct Watched;
template <class Api, class... Args, weft_status (*Api::*Member)(Args...)>
struct Watched<Member> {
  static weft_status call(Args... args) noexcept {
    if (!begin()) return WEFT_FAILED;
    if (!(check(args) && ...)) return WEFT_INVALID;
    const weft_status status = (engine<Api>()->*Member)(args...);
    if (status == WEFT_OK) (receive(args), ...);
    return status;
  }
};
template <auto Member, class Api>
void watch(Api* table) {
  table->*Member = Watched<Member>::call;
}

void release(weft_tensor handle) noexcept {
  if (handle == nullptr) return;
  if (let_go(handle)) return tensor_api()->release(handle);
  const std::lock_guard lock(ledger->mutex);
  if (ledger->misuse.empty()) ledger->misuse = "it released a tensor that it does not hold";
}

weft_status empty(const std::int64_t* sizes, std::uint32_t ndim, std::uint32_t dtype,
                  weft_tensor like, weft_tensor* out) noexcept {
  if (!begin()) return WEFT_FAILED;
  if (!use(like, "empty")) return WEFT_INVALID;
  const weft_status status = tensor_api()->empty(sizes, ndim, dtype, like, out);
  if (status != WEFT_OK) return status;
  if (ledger->zones != nullptr) {
    const Tensor plain = Tensor::own(*out);
    *out = from_array(ledger->zones->surround({plain.dtype(), plain.sizes(), nullptr})).release();
  }
  hold(*out);
  return WEFT_OK;
}

weft_status cat(const weft_tensor* xs, std::uint32_t n, std::int64_t axis,
                weft_tensor* out) noexcept {
  if (!begin()) return WEFT_FAILED;
  if (xs != nullptr && !usable(xs, n, "cat")) return WEFT_INVALID;
  const weft_status status = op_api()->cat(xs, n, axis, out);
  if (status == WEFT_OK) hold(*out);
  return status;
}

/// The same for an argument of an operation.
bool usable(const weft_value& value) {
  if (value.tag == WEFT_VALUE_TENSOR) return use(value.u.t, "an operation");
  return value.tag != WEFT_VALUE_TENSOR_LIST || value.u.tl == nullptr ||
         usable(value.u.tl, value.len, "an operation");
}

weft_status call(weft_op op, const weft_value* args, std::uint32_t n_args,
                 const weft_named_value* named, std::uint32_t n_named, weft_value* results,
                 std::uint32_t n_results) noexcept {
  if (!begin()) return WEFT_FAILED;
  for (std::uint32_t i = 0; args != nullptr && i < n_args; ++i)
    if (!usable(args[i])) return WEFT_INVALID;
  for (std::uint32_t i = 0; named != nullptr && i < n_named; ++i)
    if (!usable(named[i].value)) return WEFT_INVALID;
  const weft_status status = op_api()->call(op, args, n_args, named, n_named, results, n_results);
  for (std::uint32_t i = 0; status == WEFT_OK && i < n_results; ++i)
    if (results[i].tag == WEFT_VALUE_TENSOR) hold(results[i].u.t);
  return status;
}

/// Tensors that the host lends to a callback.
class Loan {
 public:
  Loan(const weft_tensor* handles, std::uint32_t count) : handles_(handles), count_(count) {
    for (std::uint32_t i = 0; i < count_; ++i) lend_one(handles_[i], 1);
  }
  ~Loan() {
    for (std::uint32_t i = 0; i < count_; ++i) lend_one(handles_[i], -1);
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

 private:
  const weft_tensor* handles_;
  std::uint32_t count_;
};

weft_status forward(void* user, weft_saved saved, const weft_tensor* in, std::uint32_t n_in,
                    weft_tensor* out, std::uint32_t n_out) {
  const auto& original = *static_cast<weft_function*>(user);
  const Loan loan(in, n_in);
  const weft_status status = original.forward(original.user, saved, in, n_in, out, n_out);
  for (std::uint32_t i = 0; i < n_out; ++i) let_go(out[i]);  // the host has them now
  return status;
}

weft_status backward(void* user, weft_saved saved, const weft_tensor* grad_out, std::uint32_t n_out,
                     const std::uint8_t* needs, weft_tensor* grad_in, std::uint32_t n_in) {
  const auto& original = *static_cast<weft_function*>(user);
  const Loan loan(grad_out, n_out);
  const weft_status status =
      original.backward(original.user, saved, grad_out, n_out, needs, grad_in, n_in);
  for (std::uint32_t i = 0; i < n_in; ++i) let_go(grad_in[i]);
  return status;
}

void destroy(void* user) {
  const std::unique_ptr<weft_function> original(static_cast<weft_function*>(user));
  if (original->destroy != nullptr) original->destroy(original->user);
}

weft_status custom(const weft_function* function, const weft_tensor* in, std::uint32_t n_in,
                   weft_tensor* out, std::uint32_t n_out) noexcept {
  if (function == nullptr || !WEFT_HAS(function, destroy))
    return grad_api()->custom(function, in, n_in, out, n_out);
  weft_function* const original = new (std::nothrow) weft_function(*function);
  if (original == nullptr) return WEFT_NO_MEMORY;
  const bool refused = !begin();
  if (refused || (in != nullptr && !usable(in, n_in, "custom"))) {
    destroy(original);
    return refused ? WEFT_FAILED : WEFT_INVALID;
  }
  weft_function watched = *function;
  watched.user = original;
  if (function->forward != nullptr) watched.forward = forward;
  if (function->backward != nullptr) watched.backward = backward;
  watched.destroy = destroy;
  const weft_status status = grad_api()->custom(&watched, in, n_in, out, n_out);
  if (status == WEFT_OK) hold_all(out, n_out);
  return status;
}

weft_status gradient(const weft_tensor* out, const weft_tensor* grad_out, std::uint32_t n_out,
                     const weft_tensor* in, std::uint32_t n_in, std::uint32_t differentiable,
                     weft_tensor* grad_in) noexcept {
  if (!begin()) return WEFT_FAILED;
  const auto fits = [](const weft_tensor* handles, std::uint32_t count) {
    return handles == nullptr || usable(handles, count, "gradient");
  };
  if (!fits(out, n_out) || !fits(grad_out, n_out) || !fits(in, n_in)) return WEFT_INVALID;
  const weft_status status =
      grad_api()->gradient(out, grad_out, n_out, in, n_in, differentiable, grad_in);
  if (status == WEFT_OK) hold_all(grad_in, n_in);
  return status;
}

weft_status save(weft_saved saved, const weft_tensor* tensors, std::uint32_t n) noexcept {
  if (!begin()) return WEFT_FAILED;
  if (tensors != nullptr && !usable(tensors, n, "save")) return WEFT_INVALID;
  return grad_api()->save(saved, tensors, n);
}

}  // namespace

Witness::Witness(std::uint32_t further_bytes) {
  if (ledger == nullptr) ledger = new Ledger;  // autograd nodes may outlive this object
  ledger->core = std::make_unique<LongerTable<weft_core_api>>(*core_api(), further_bytes);
  ledger->tensor = std::make_unique<LongerTable<weft_tensor_api>>(*tensor_api(), further_bytes);
  ledger->op = std::make_unique<LongerTable<weft_op_api>>(*op_api(), further_bytes);
  ledger->grad = std::make_unique<LongerTable<weft_grad_api>>(*grad_api(), further_bytes);
  ledger->migration =
      std::make_unique<LongerTable<weft_migration_api>>(*migration_api(), further_bytes);

  weft_core_api* const core = ledger->core->get();
  watch<&weft_core_api::wired>(core);
  watch<&weft_core_api::declare_size>(core);
  watch<&weft_core_api::declare_port>(core);
  watch<&weft_core_api::declare_parameter>(core);
  watch<&weft_core_api::declare_buffer>(core);
  watch<&weft_core_api::declare_state>(core);
  watch<&weft_core_api::declare_traits>(core);

  weft_tensor_api* const tensor = ledger->tensor->get();
  watch<&weft_tensor_api::retain>(tensor);
  watch<&weft_tensor_api::meta>(tensor);
  watch<&weft_tensor_api::data>(tensor);
  tensor->release = release;
  tensor->empty = empty;

  weft_op_api* const op = ledger->op->get();
  watch<&weft_op_api::lookup>(op);
  watch<&weft_op_api::add>(op);
  watch<&weft_op_api::mul>(op);
  watch<&weft_op_api::linear>(op);
  watch<&weft_op_api::matmul>(op);
  watch<&weft_op_api::layer_norm>(op);
  watch<&weft_op_api::reshape>(op);
  watch<&weft_op_api::permute>(op);
  watch<&weft_op_api::transpose>(op);
  watch<&weft_op_api::select>(op);
  watch<&weft_op_api::sum>(op);
  op->call = call;
  op->cat = cat;

  weft_grad_api* const grad = ledger->grad->get();
  watch<&weft_grad_api::saved>(grad);
  watch<&weft_grad_api::leaf>(grad);
  grad->gradient = gradient;
  grad->custom = custom;
  grad->save = save;

  weft_migration_api* const migration = ledger->migration->get();
  watch<&weft_migration_api::count>(migration);
  watch<&weft_migration_api::name>(migration);
  watch<&weft_migration_api::get>(migration);
  watch<&weft_migration_api::set>(migration);
  watch<&weft_migration_api::remove>(migration);
  watch<&weft_migration_api::rename>(migration);
}

HostTables Witness::tables() const {
  return {ledger->tensor->get(), ledger->op->get(), ledger->grad->get(), ledger->migration->get(),
          ledger->core->get()};
}

void Witness::arm(std::uint64_t n) {
  ledger->armed = true;
  ledger->calls = 0;
  ledger->fail_at = n;
}

std::uint64_t Witness::calls() const {
  return ledger->calls;
}

void Witness::surround_with(RedZones* zones) {
  ledger->zones = zones;
}

std::size_t Witness::held() const {
  return ledger->held.size();
}

std::string Witness::misuse() const {
  return ledger->misuse;
}

void note_lent(const std::vector<weft_tensor>& handles) {
  if (ledger == nullptr) return;
  const std::lock_guard lock(ledger->mutex);
  ledger->knows_lent = true;
  ledger->lent.clear();
  for (const weft_tensor handle : handles) ++ledger->lent[handle];
}

void note_taken(weft_tensor handle) {
  if (ledger != nullptr) let_go(handle);
}

}  // namespace weft::host
