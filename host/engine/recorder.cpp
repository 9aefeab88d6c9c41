// SPDX-License-Identifier: Apache-2.0
#include "host/engine/recorder.hpp"

#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <utility>

namespace weft::host {

struct OperationRecorder::State {
  std::map<std::string, Flops> flops;
  std::string label;
  /// Which label the autograd node of a number was made under.
  std::map<std::int64_t, std::string> labels;
  std::string way_back;  ///< label of the autograd node that runs
  int nodes = 0;         ///< autograd nodes that run, one within the other
  int counted = 0;       ///< operations that run and were counted, likewise
  std::map<std::string, ScopeCost> costs;
  std::chrono::steady_clock::time_point told = std::chrono::steady_clock::now();
  std::int64_t bytes_told = 0;
  std::atomic<std::int64_t> bytes = 0, peak = 0;  // told by other threads of an exchange too

  /// An autograd node has the number of the operation that made it, or a higher one.
  const std::string& label_of(std::int64_t sequence) const {
    static const std::string none;
    const auto next = labels.upper_bound(sequence);
    return next == labels.begin() ? none : std::prev(next)->second;
  }

  /// What passed since it was called last is the cost of what runs: call it before that changes.
  void charge() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - std::exchange(told, now)).count();
    const std::int64_t held = bytes, more = held - std::exchange(bytes_told, held);
    ScopeCost& cost = costs[nodes > 0 ? way_back : label];
    (nodes > 0 ? cost.backward_seconds : cost.forward_seconds) += seconds;
    if (nodes == 0) cost.kept_bytes += more;
  }
};

namespace {

thread_local OperationRecorder::State* recording = nullptr;

using Inputs = c10::ArrayRef<const c10::IValue>;

double elements(const c10::IValue& value) {
  return static_cast<double>(value.toTensor().numel());
}

double size(const c10::IValue& value, std::int64_t axis) {
  return static_cast<double>(value.toTensor().size(axis));
}

/// a [m, k] · b [k, n], with any leading axes of a.
double product(const c10::IValue& a, const c10::IValue& b) {
  return 2.0 * elements(a) * (b.toTensor().dim() > 1 ? size(b, -1) : 1.0);
}

/// Of one pass over the outputs (of a transposed convolution: the inputs): each takes the kernel's
/// elements of one channel out.
double convolution(const at::Tensor& rows, const c10::IValue& weight) {
  return 2.0 * static_cast<double>(rows.numel()) * elements(weight) / size(weight, 0);
}

double convolution_backward(Inputs in) {
  const bool transposed = in[7].toBool();
  const auto wanted = in[10].toBoolList();
  const double once = convolution(in[transposed ? 1 : 0].toTensor(), in[2]);
  return once * ((wanted[0] ? 1.0 : 0.0) + (wanted[1] ? 1.0 : 0.0));
}

/// q·kᵀ and what it weights of v: each 2·B·H·L·S·E.
double attention(const c10::IValue& query, const c10::IValue& key) {
  return 4.0 * elements(query) * size(key, -2);
}

/// FLOPs of an operation that is counted by its inputs; below 0 for one that is not counted.
double flops_of(std::string_view name, Inputs in) {
  if (name == "aten::mm" || name == "aten::bmm" || name == "aten::mv" || name == "aten::dot")
    return product(in[0], in[1]);
  if (name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv")
    return product(in[1], in[2]);
  if (name == "aten::convolution" && in[6].toBool())  // transposed
    return convolution(in[0].toTensor(), in[1]);
  if (name == "aten::convolution_backward") return convolution_backward(in);
  if (name == "aten::_scaled_dot_product_flash_attention_for_cpu") return attention(in[0], in[1]);
  // It computes q·kᵀ again and four more products: 10 for the 4 of the way there.
  if (name == "aten::_scaled_dot_product_flash_attention_for_cpu_backward")
    return 2.5 * attention(in[1], in[2]);
  return -1.0;
}

struct Call : at::ObserverContext {
  bool is_node = false;  ///< an autograd node
  bool is_counted = false;
  /// FLOPs for each element of the output, which is not known before; 0: they were counted. Inputs
  /// are not there any more when an operation ends.
  double by_output = 0.0;
  std::string outer;
};

void count(OperationRecorder::State& state, double flops) {
  if (state.nodes > 0)
    state.flops[state.way_back].backward += flops;
  else
    state.flops[state.label].forward += flops;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (recording == nullptr) return nullptr;
  OperationRecorder::State& state = *recording;
  auto call = std::make_unique<Call>();
  if (function.scope() == at::RecordScope::BACKWARD_FUNCTION) {
    call->is_node = true;
    state.charge();
    call->outer = std::exchange(state.way_back, state.label_of(function.seqNr()));
    ++state.nodes;
    return call;
  }
  if (function.seqNr() >= 0 && state.nodes == 0) state.labels[function.seqNr()] = state.label;
  if (state.counted > 0) return nullptr;
  const std::string_view name = function.name();
  const double flops = flops_of(name, function.inputs());
  if (flops < 0.0 && name == "aten::convolution") {
    const c10::IValue& weight = function.inputs()[1];
    call->by_output = 2.0 * elements(weight) / size(weight, 0);
  }
  call->is_counted = flops >= 0.0 || call->by_output > 0.0;
  if (!call->is_counted) return nullptr;
  ++state.counted;
  if (flops >= 0.0) count(state, flops);
  return call;
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  if (recording == nullptr || context == nullptr) return;
  OperationRecorder::State& state = *recording;
  const auto* call = static_cast<Call*>(context);
  if (call->is_node) {
    state.charge();
    --state.nodes;
    state.way_back = call->outer;
  }
  if (!call->is_counted) return;
  --state.counted;
  if (call->by_output > 0.0 && !function.outputs().empty())
    count(state, call->by_output * elements(function.outputs()[0]));
}

/// LibTorch's allocator tells it of every block.
class Blocks final : public c10::MemoryReportingInfoBase {
 public:
  explicit Blocks(std::shared_ptr<OperationRecorder::State> state) : state_(std::move(state)) {}
  void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t,
                         c10::Device) override {
    const std::int64_t now = state_->bytes += bytes;
    std::int64_t most = state_->peak;
    while (now > most && !state_->peak.compare_exchange_weak(most, now)) {
    }
  }
  bool memoryProfilingEnabled() const override { return true; }

 private:
  std::shared_ptr<OperationRecorder::State> state_;
};

}  // namespace

struct OperationRecorder::Memory {
  explicit Memory(std::shared_ptr<State> state)
      : guard(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<Blocks>(std::move(state))) {}
  c10::DebugInfoGuard guard;
};

OperationRecorder::OperationRecorder()
    : state_(std::make_shared<State>()), memory_(std::make_unique<Memory>(state_)) {
  recording = state_.get();
  callback_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(begin, end)
          .needsInputs(true)
          .needsOutputs(true)
          .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}

OperationRecorder::~OperationRecorder() {
  at::removeCallback(callback_);
  recording = nullptr;
}

const std::map<std::string, Flops>& OperationRecorder::flops() const {
  return state_->flops;
}

const std::map<std::string, ScopeCost>& OperationRecorder::costs() const {
  state_->charge();
  return state_->costs;
}

std::int64_t OperationRecorder::peak_bytes() const {
  return state_->peak;
}

std::int64_t OperationRecorder::bytes() const {
  return state_->bytes;
}

RecordedScope::RecordedScope(const std::string& label) {
  if (recording == nullptr) return;
  recording->charge();
  outer_ = std::exchange(recording->label, label);
}

RecordedScope::~RecordedScope() {
  if (recording == nullptr) return;
  recording->charge();
  recording->label = outer_;
}

}  // namespace weft::host
