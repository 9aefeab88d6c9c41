// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_device.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_local_scalar_dense_native.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "host/engine/device/device.hpp"

namespace weft::test {
namespace {

constexpr auto k_type = c10::DeviceType::PrivateUse1;
const c10::Device k_device{k_type, 0};

std::atomic<std::int64_t> waits = 0, operations = 0;
thread_local bool is_computing = false;  // within an operation, whose own copies do not count

// ---- memory -----------------------------------------------------------------------------------

/// Of the CPU, and called the device's.
struct Memory final : c10::Allocator {
  explicit Memory(c10::Device device) : device_(device) {}
  c10::DataPtr allocate(std::size_t size) override {
    void* const data = size == 0 ? nullptr : std::aligned_alloc(64, (size + 63) / 64 * 64);
    return {data, data, std::free, device_};
  }
  c10::DeleterFnPtr raw_deleter() const override { return std::free; }
  void copy_data(void* to, const void* from, std::size_t size) const override {
    std::memcpy(to, from, size);
  }

 private:
  const c10::Device device_;
};

Memory& memory() {
  static Memory memory(k_device);
  return memory;
}

/// The same memory as a tensor of the CPU.
at::Tensor seen_by_cpu(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::from_blob(const_cast<void*>(tensor.const_data_ptr()), tensor.sizes(), tensor.strides(),
                       at::TensorOptions().dtype(tensor.scalar_type()));
}

// ---- what LibTorch asks of a device ------------------------------------------------------------

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return k_type; }
  c10::Device exchangeDevice(c10::Device) const override { return k_device; }
  c10::Device getDevice() const override { return k_device; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override {
    return c10::Stream(c10::Stream::DEFAULT, k_device);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex,
              const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  at::Generator getNewGenerator(c10::DeviceIndex) const override {
    return at::make_generator<at::CPUGeneratorImpl>();
  }
  c10::Allocator* getPinnedMemoryAllocator() const override {
    static Memory pinned{c10::Device(c10::DeviceType::CPU)};
    return &pinned;
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage, std::size_t size) const override {
    c10::DataPtr larger = memory().allocate(size);
    if (storage.nbytes() > 0)
      std::memcpy(larger.mutable_get(), storage.data(), std::min(size, storage.nbytes()));
    storage.set_data_ptr_noswap(std::move(larger));
    storage.set_nbytes(size);
  }
};

// ---- operations --------------------------------------------------------------------------------

constexpr c10::DispatchKeySet k_keys{c10::DispatchKey::PrivateUse1};

at::Tensor make(at::IntArrayRef sizes, std::optional<at::ScalarType> dtype,
                std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>,
                std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(sizes, &memory(), k_keys, dtype.value_or(at::kFloat), format);
}

at::Tensor make_strided(at::IntArrayRef sizes, at::IntArrayRef strides,
                        std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                        std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(sizes, strides, &memory(), k_keys,
                                           dtype.value_or(at::kFloat));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  if (to.is_cpu() && !is_computing) ++waits;
  const at::AutoDispatchBelowAutograd below;
  seen_by_cpu(to).copy_(seen_by_cpu(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  if (to.sizes() != from.sizes()) to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar read(const at::Tensor& tensor) {
  if (!is_computing) ++waits;
  return at::native::_local_scalar_dense_cpu(seen_by_cpu(tensor));
}

at::Tensor& set_storage(at::Tensor& self, at::Storage source, std::int64_t offset,
                        at::IntArrayRef sizes, at::IntArrayRef strides) {
  return at::native::set_storage_cpu_(self, source, offset, sizes, strides);
}

const at::Tensor& resize(const at::Tensor& self, at::IntArrayRef sizes,
                         std::optional<at::MemoryFormat> format) {
  return at::native::resize_(self, sizes, format);
}

/// Whether a GPU's result would have a size that the processor must wait for.
bool waits_for_sizes(const std::string& name, const c10::ArrayRef<c10::IValue> arguments) {
  for (const char* one : {"aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::equal"})
    if (name == one) return true;
  if (name != "aten::index" || !arguments[1].isList()) return false;
  for (const c10::IValue& index : arguments[1].toListRef())
    if (index.isTensor() && index.toTensor().defined() &&
        index.toTensor().scalar_type() == at::kBool)
      return true;
  return false;
}

void require_device(const c10::IValue& argument, const std::string& name) {
  if (argument.isList())
    for (const c10::IValue& one : argument.toListRef()) require_device(one, name);
  if (!argument.isTensor() || !argument.toTensor().defined()) return;
  const at::Tensor& tensor = argument.toTensor();
  // Indices may be the CPU's on a GPU too, and scalars always.
  if (tensor.dim() == 0 || tensor.device() == k_device || name == "aten::index") return;
  TORCH_CHECK(false, name, ": expected all tensors on ", k_device, ", found one on ",
              tensor.device());
}

/// Any other operation: on the CPU, and its results moved here.
void compute(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const std::string& name = operation.schema().name();
  const auto arguments = torch::jit::last(*stack, operation.schema().arguments().size());
  for (const c10::IValue& argument : arguments) require_device(argument, name);
  ++operations;
  if (!is_computing && waits_for_sizes(name, arguments)) ++waits;
  const bool outer = std::exchange(is_computing, true);
  struct Back {
    bool before;
    ~Back() { is_computing = before; }
  } const back{outer};
  at::native::cpu_fallback(operation, stack);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", make);
  library.impl("empty_strided", make_strided);
  library.impl("_copy_from", copy_from);
  library.impl("_copy_from_and_resize", copy_from_and_resize);
  library.impl("_local_scalar_dense", read);
  library.impl("set_.source_Storage_storage_offset", set_storage);
  library.impl("resize_", resize);
  library.impl("as_strided", at::native::as_strided_tensorimpl);
  library.impl("view", at::native::view);
  library.impl("_reshape_alias", at::native::_reshape_alias);
  library.impl("unfold", at::native::unfold);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

}  // namespace

void use_fake_device() {
  static std::once_flag once;
  std::call_once(once, [] {
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    c10::register_privateuse1_backend("fake");
  });
  host::place_on("privateuseone:0");
}

void leave_fake_device() {
  host::place_on("cpu");
}

std::int64_t fake_device_waits() {
  return waits;
}

std::int64_t fake_device_operations() {
  return operations;
}

}  // namespace weft::test
