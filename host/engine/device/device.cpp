// SPDX-License-Identifier: Apache-2.0
#include "host/engine/device/device.hpp"

#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "host/base/text.hpp"
#include "host/engine/device/cuda_engine.hpp"
#include "host/engine/device/placement.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/precision.hpp"

namespace weft::host {
namespace {

c10::Device process_device{at::kCPU};
thread_local bool makes_on_cpu = false;
thread_local bool was_refused = false;

constexpr const char* k_cuda = "cuda";

/// N of "cuda:N"; -1 for "cuda". @throws Error (usage)
int wanted_index(const std::string& choice) {
  if (choice == k_cuda) return -1;
  int index = -1;
  const char* const end = choice.data() + choice.size();
  if (choice.starts_with("cuda:") && choice.size() > 5) {
    const auto [stop, fault] = std::from_chars(choice.data() + 5, end, index);
    if (fault == std::errc() && stop == end && index >= 0 && index < 128) return index;
  }
  throw Error(Exit::usage,
              concat("The device is cpu, cuda, cuda:N or auto, found \"", choice, "\"."));
}

std::string gpus_text(int count) {
  return concat(count, count == 1 ? " GPU" : " GPUs");
}

/// Why no GPU can be used, with what to do; or empty.
std::string fault_of(const Gpus& gpus) {
  if (const std::string fault = gpus.driver_fault(); !fault.empty())
    return concat("NVIDIA's driver does not answer here (", fault,
                  "). Install it, or compute with --device cpu");
  if (const std::string fault = gpus.engine_fault(); !fault.empty())
    return concat("Weft's library for GPUs cannot be opened (", fault,
                  "). Run `./dev setup --gpu` and `./dev build`, or compute with --device cpu");
  if (gpus.count() == 0)
    return "NVIDIA's driver answers and offers no GPU. Look at nvidia-smi and at the variable "
           "CUDA_VISIBLE_DEVICES, or compute with --device cpu";
  return "";
}

std::string driver_fault() {
  return dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL) == nullptr ? dlerror() : "";
}

weft_status of(weft_tensor handle, weft_device* out) {
  return guarded([] { return "device.of"; },
                 [&] {
                   if (handle == nullptr || out == nullptr || out->size < sizeof out->size)
                     throw Failure(WEFT_INVALID,
                                   "device.of: the tensor or out is null, or its size is not set");
                   const c10::Device device = tensor_of(handle).device();
                   weft_device full{out->size, static_cast<std::int32_t>(device.type()),
                                    device.index(), 0, nullptr};
                   if (device.is_cuda()) {
                     const c10::impl::VirtualGuardImpl guard(device.type());
                     full.stream = guard.getStreamNativeHandle(guard.getStream(device));
                   }
                   std::memcpy(out, &full, std::min<std::size_t>(out->size, sizeof full));
                 });
}

weft_status data(weft_tensor tensor, void** out) {
  return guarded([] { return "device.data"; },
                 [&] {
                   if (tensor == nullptr || out == nullptr)
                     throw Failure(WEFT_INVALID, "device.data: the tensor or out is null");
                   *out = tensor_of(tensor).mutable_data_ptr();
                 });
}

}  // namespace

ChosenDevice choose_device(const std::string& choice, int local_rank, const Gpus& gpus) {
  if (choice == "cpu") return {choice, ""};
  const bool is_auto = choice == "auto";
  const int wanted = is_auto ? -1 : wanted_index(choice);
  if (is_auto && !gpus.driver_fault().empty()) return {"cpu", ""};
  const std::string fault = fault_of(gpus);
  if (!fault.empty() && is_auto)
    return {"cpu", concat("the device auto takes the CPU: ", fault, ".")};
  if (!fault.empty()) throw Error(Exit::usage, concat("the device ", choice, ": ", fault, "."));
  const int count = gpus.count(), index = wanted < 0 ? local_rank : wanted;
  if (index >= count && wanted < 0)
    throw Error(Exit::usage, concat("the device ", choice, ": rank ", local_rank,
                                    " of this machine would take a GPU of its own, and there are ",
                                    gpus_text(count), ". Start at most ", count, " here."));
  if (index >= count)
    throw Error(Exit::usage, concat("the device ", choice, ": there are ", gpus_text(count),
                                    ", the first being cuda:0."));
  return {concat("cuda:", index), ""};
}

std::string set_device(const std::string& choice, int local_rank) {
  return checked("choosing the device", [&] {
    const ChosenDevice chosen = choose_device(
        choice, local_rank, {driver_fault, open_cuda_engine, [] { return cuda_engine().count(); }});
    place_on(chosen.name);
    return chosen.remark;
  });
}

void place_on(const std::string& name) {
  checked("choosing the device", [&] {
    const c10::Device device(name);
    if (device.is_cuda()) cuda_engine().use(device.index());
    process_device = device;
  });
}

std::string device_text() {
  if (!process_device.is_cuda()) return process_device.str();
  return concat(process_device.str(), ", ", cuda_engine().name(process_device.index()));
}

c10::Device current_device() {
  return makes_on_cpu ? c10::Device(at::kCPU) : process_device;
}

at::Tensor sent_to_device(const at::Tensor& tensor) {
  const c10::Device device = current_device();
  if (device.is_cpu()) return tensor;
  at::Tensor staged = at::empty(tensor.sizes(), tensor.options().pinned_memory(true));
  staged.copy_(tensor);
  return staged.to(tensor.options().device(device), /*non_blocking=*/true);
}

CpuScope::CpuScope() : outer_(std::exchange(makes_on_cpu, true)) {}

CpuScope::~CpuScope() {
  makes_on_cpu = outer_;
}

void note_refused_memory() {
  was_refused = true;
}

namespace {

/// Copies of what handles stand for, on the CPU; null stays null.
class OnCpu {
 public:
  OnCpu(const weft_tensor* handles, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      tensors_.push_back(handles[i] == nullptr ? Tensor()
                                               : wrap(tensor_of(handles[i]).to(at::kCPU)));
      handles_.push_back(tensors_.back().get());
    }
  }
  weft_tensor* handles() { return handles_.data(); }
  weft_tensor operator[](std::size_t i) const { return tensors_[i].get(); }
  bool was_replaced(std::size_t i) const { return handles_[i] != tensors_[i].get(); }

 private:
  std::vector<Tensor> tensors_;
  std::vector<weft_tensor> handles_;
};

/// Takes the handle's reference over. @return a new one of the tensor on the device, or null
weft_tensor moved_back(weft_tensor handle) {
  const Tensor there = Tensor::own(handle);
  return there ? new_handle(tensor_of(there).to(process_device)) : nullptr;
}

DType autocast_precision() {
  const at::DeviceType type = process_device.type();
  if (!at::autocast::is_autocast_enabled(type)) return DType::float32;
  return at::autocast::get_autocast_dtype(type) == at::kHalf ? DType::float16 : DType::bfloat16;
}

void call_on_cpu(const weft_call& call, const CallSizes& sizes, std::uint64_t seed,
                 const std::function<void(const weft_call&)>& run) {
  OnCpu in(call.in, call.n_in), parameters(call.parameters, sizes.parameters);
  OnCpu buffers(call.buffers, sizes.buffers), states(call.states, sizes.states);
  const CpuScope here;
  const Autocast autocast(autocast_precision());
  const Generator generator(seed);
  weft_call given = call;
  given.in = in.handles();
  given.parameters = parameters.handles();
  given.buffers = buffers.handles();
  given.states = states.handles();
  given.generator = generator.get();
  run(given);
  for (std::size_t i = 0; i < sizes.outputs; ++i) call.out[i] = moved_back(call.out[i]);
  for (std::size_t i = 0; i < sizes.states; ++i)
    if (states.was_replaced(i)) call.states[i] = moved_back(given.states[i]);
  const c10::NoGradGuard no_grad;
  for (std::size_t i = 0; i < sizes.buffers; ++i)  // a call in training may move them
    if (buffers[i] != nullptr && (call.flags & WEFT_CALL_TRAINING) != 0)
      tensor_of(call.buffers[i]).copy_(tensor_of(buffers[i]));
}

}  // namespace

void call_on_any_device(const weft_call& call, const CallSizes& sizes, std::uint64_t seed,
                        const std::function<void(const weft_call&)>& run) {
  if (process_device.is_cpu()) return run(call);
  const std::vector<weft_tensor> states(call.states, call.states + sizes.states);
  was_refused = false;
  try {
    return run(call);
  } catch (const Error&) {
    if (!std::exchange(was_refused, false)) throw;
  }
  // What the first try did write is given back.
  for (std::size_t i = 0; i < sizes.outputs; ++i) Tensor::own(std::exchange(call.out[i], nullptr));
  for (std::size_t i = 0; i < sizes.states; ++i)
    if (call.states[i] != states[i]) Tensor::own(std::exchange(call.states[i], states[i]));
  checked("calling a part on the CPU", [&] { call_on_cpu(call, sizes, seed, run); });
}

const weft_device_api* device_api() {
  static constexpr weft_device_api table = {sizeof(weft_device_api), 0, of, data};
  return &table;
}

}  // namespace weft::host
