// SPDX-License-Identifier: Apache-2.0
/// Finding operations by name, and calling them boxed.

#include "host/engine/operation.hpp"

#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "host/base/text.hpp"
#include "host/engine/bernoulli.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/runtime.hpp"
#include "host/engine/tables.hpp"

namespace weft::host {
namespace {

std::string full_name(const std::string& name, const std::string& overload) {
  return overload.empty() ? name : name + "." + overload;
}

/// Says which overloads the name has, or which names are near.
std::string other_names(const std::string& name) {
  std::set<std::string> overloads, names;
  for (const c10::OperatorName& known : c10::Dispatcher::singleton().getAllOpNames()) {
    names.insert(known.name);
    if (known.name == name) overloads.insert("\"" + known.overload_name + "\"");
  }
  if (!overloads.empty())
    return " Its overloads are " + enumerate({overloads.begin(), overloads.end()}) + ".";
  const std::vector<std::string> near = nearest(name, {names.begin(), names.end()});
  return near.empty() ? "" : " Did you mean " + near.front() + "?";
}

/// Refuses a signature unless this LibTorch accepts every call that it allows.
void require_compatible(const c10::FunctionSchema& ours, const std::string& expected) {
  // The name before the parenthesis may come without its namespace.
  const bool qualified = expected.substr(0, expected.find('(')).find("::") != std::string::npos;
  const std::string name_space = ours.name().substr(0, ours.name().find("::") + 2);
  std::optional<c10::FunctionSchema> theirs;
  try {
    theirs = torch::jit::parseSchema(qualified ? expected : name_space + expected);
  } catch (const std::exception&) {  // its text draws the place with arrows over several lines
    throw Failure(WEFT_INVALID, concat(full_name(ours.name(), ours.overload_name()),
                                       ": cannot read the signature \"", expected, "\""));
  }
  if (ours.isBackwardCompatibleWith(*theirs)) return;
  throw Failure(WEFT_UNSUPPORTED,
                concat(full_name(ours.name(), ours.overload_name()), ": the plug-in expects ",
                       *theirs, ", LibTorch ", torch_version(), " has ", ours,
                       ". Use a plug-in built for this Weft."));
}

/// Processes speak with one another by the host alone: a part that did so by itself would wait for
/// ranks that do not call it.
void require_local(const std::string& name) {
  const std::string name_space = name.substr(0, name.find("::"));
  for (const char* collective :
       {"c10d", "_c10d_functional", "_c10d_functional_autograd", "symm_mem"})
    if (name_space == collective)
      throw Failure(WEFT_UNSUPPORTED,
                    concat(name,
                           " speaks with other processes, which is the host's part. A part that "
                           "compares all rows of a step declares WEFT_COUPLES_SAMPLES."));
}

/// All operations that were ever looked up; they live as long as the process.
class OperationCache {
 public:
  weft_op find(const std::string& name, const std::string& overload) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::unique_ptr<weft_op_s>& op = operations_[{name, overload}];
    if (op == nullptr) {
      const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
      if (!found) {
        operations_.erase({name, overload});
        throw Failure(WEFT_NOT_FOUND, concat("LibTorch ", torch_version(), " has no operation ",
                                             full_name(name, overload), ".", other_names(name)));
      }
      op = std::make_unique<weft_op_s>(*found);
    }
    return op.get();
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<weft_op_s>> operations_;
};

weft_status lookup(const char* name, const char* overload, const char* schema, weft_op* out) {
  return guarded([&] { return concat("op.lookup(", name, ")"); },
                 [&] {
                   if (name == nullptr || overload == nullptr || out == nullptr)
                     throw Failure(WEFT_INVALID, "op.lookup: name, overload or out is null");
                   require_local(name);
                   static auto* const cache = new OperationCache;  // outlives static destructors
                   const weft_op op = cache->find(name, overload);
                   if (schema != nullptr) require_compatible(op->handle.schema(), schema);
                   *out = op;
                 });
}

/// Lends this thread's argument stack, so that a call allocates nothing. A call made from within a
/// call finds it taken and gets a fresh one.
class BorrowedStack {
 public:
  BorrowedStack() : stack_(std::exchange(spare(), {})) {}
  ~BorrowedStack() {
    stack_.clear();
    spare() = std::move(stack_);
  }
  BorrowedStack(const BorrowedStack&) = delete;
  BorrowedStack& operator=(const BorrowedStack&) = delete;
  torch::jit::Stack& get() { return stack_; }

 private:
  static torch::jit::Stack& spare() {
    static thread_local torch::jit::Stack stack;
    return stack;
  }
  torch::jit::Stack stack_;
};

weft_status call(weft_op op, const weft_value* args, std::uint32_t n_args,
                 const weft_named_value* named, std::uint32_t n_named, weft_value* results,
                 std::uint32_t n_results) {
  const Arguments arguments{args, n_args, named, n_named};
  bool accepted = false;  // until then an argument may be anything: it must not be described
  return guarded([&] { return accepted ? describe_call(*op, arguments) : op->name; },
                 [&] {
                   if (op == nullptr) throw Failure(WEFT_INVALID, "op.call: the operation is null");
                   if ((args == nullptr && n_args > 0) || (named == nullptr && n_named > 0) ||
                       (results == nullptr && n_results > 0))
                     throw Failure(WEFT_INVALID, op->name + ": an array of the call is null");
                   BorrowedStack stack;
                   push_arguments(*op, arguments, stack.get());
                   accepted = true;
                   if (!op->is_bernoulli || !draw_bernoulli(stack.get()))
                     op->handle.callBoxed(stack.get());
                   pop_results(*op, stack.get(), results, n_results);
                 });
}

}  // namespace

const weft_op_api* op_api() {
  using Lane = OperationLane;
  static constexpr weft_op_api table = {sizeof(weft_op_api),
                                        0,
                                        lookup,
                                        call,
                                        Lane::add,
                                        Lane::mul,
                                        Lane::linear,
                                        Lane::matmul,
                                        Lane::layer_norm,
                                        Lane::reshape,
                                        Lane::permute,
                                        Lane::transpose,
                                        Lane::select,
                                        Lane::sum,
                                        Lane::cat};
  return &table;
}

}  // namespace weft::host
