// SPDX-License-Identifier: Apache-2.0
/// Arguments of operations as a faulty plug-in might give them: any tag, any count, lists and
/// strings that are null, arguments by wrong names, twice or too many. What the ABI lets a host
/// trust holds: a pointer that is not null points to as many elements as its length says, and a
/// tensor or generator that is not null is one.

#include <fuzzer/FuzzedDataProvider.h>
#include <weft/abi.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "host/engine/parameters.hpp"
#include "host/engine/runtime.hpp"
#include "host/engine/tables.hpp"
#include "host/registry/core_api.hpp"

namespace {

constexpr std::uint32_t k_room = 32;    // elements that a list may have
constexpr std::uint32_t k_results = 4;  // results that there is room for

void require(bool condition) {
  if (!condition) std::abort();
}

/// What the calls are made with; made once, and never changed by a call.
struct World {
  World() {
    weft::host::set_error_sink(weft::host::core_api());
    weft::host::set_threads(1);
    add_tensor({2, 3}, WEFT_DTYPE_FLOAT32);
    add_tensor({3}, WEFT_DTYPE_FLOAT32);
    add_tensor({2, 3, 4}, WEFT_DTYPE_FLOAT64);
    add_tensor({}, WEFT_DTYPE_FLOAT64);
    add_tensor({2}, WEFT_DTYPE_INT64);
    add_tensor({2, 3}, WEFT_DTYPE_BOOL);
    add_tensor({0, 3}, WEFT_DTYPE_FLOAT32);
    // One for each kind of argument that there is, with a call that succeeds.
    const weft_value x = tensor(0), row = tensor(1), deep = tensor(2), truth = tensor(5);
    add("aten::add", "Tensor", {x, x}, {{"alpha", number(2)}});
    add("aten::softmax", "int", {x, number(1), dtype(WEFT_DTYPE_FLOAT64)});
    add("aten::layer_norm", "", {x, sizes({3}), row, row, real(1e-5), boolean(true)});
    add("aten::gelu", "", {x}, {{"approximate", string("tanh")}});
    add("aten::cat", "", {list({x.u.t, x.u.t}), number(0)});
    add("aten::index", "Tensor", {x, list({nullptr, tensors[4]})});
    add("aten::bernoulli", "", {x}, {{"generator", generator_value()}});
    add("aten::sum", "dim_IntList", {x, sizes({0, 1}), boolean(false)});
    add("aten::scaled_dot_product_attention", "", {deep, deep, deep, {}, real(0.0)},
        {{"scale", real(0.5)}});
    add("aten::where", "ScalarSelf", {truth, real(1.0), x});
    add("aten::full_like", "", {x, number(1)}, {{"device", {}}});
    add("aten::roll", "", {x, number(2), sizes({1})});
    add("aten::upsample_linear1d", "vec", {deep, {}, boolean(false), reals({2.0})});
    add("aten::split", "Tensor", {x, number(1)});
    add("aten::topk", "", {x, number(2)});
    add("aten::is_floating_point", "", {x});
  }

  struct Operation {
    weft_op op = nullptr;
    std::vector<weft_value> values;
    std::vector<weft_named_value> named;
  };

  void add(const char* name, const char* overload, std::vector<weft_value> values,
           std::vector<weft_named_value> named = {}) {
    Operation one{nullptr, std::move(values), std::move(named)};
    require(weft::host::op_api()->lookup(name, overload, nullptr, &one.op) == WEFT_OK);
    operations.push_back(std::move(one));
  }

  static weft_value number(std::int64_t number, std::uint32_t tag = WEFT_VALUE_INT) {
    weft_value value{};
    value.tag = tag;
    value.u.i = number;
    return value;
  }
  static weft_value boolean(bool truth) { return number(truth ? 1 : 0, WEFT_VALUE_BOOL); }
  static weft_value dtype(std::uint32_t code) { return number(code, WEFT_VALUE_DTYPE); }
  static weft_value real(double number) {
    weft_value value{};
    value.tag = WEFT_VALUE_DOUBLE;
    value.u.d = number;
    return value;
  }
  static weft_value string(const char* text) {
    weft_value value{};
    value.tag = WEFT_VALUE_STRING;
    value.len = static_cast<std::uint32_t>(std::strlen(text));
    value.u.s = text;
    return value;
  }
  weft_value tensor(std::size_t i) const {
    weft_value value{};
    value.tag = WEFT_VALUE_TENSOR;
    value.u.t = tensors[i];
    return value;
  }
  weft_value generator_value() const {
    weft_value value{};
    value.tag = WEFT_VALUE_GENERATOR;
    value.u.g = generator.get();
    return value;
  }
  weft_value sizes(const std::vector<std::int64_t>& elements) {
    weft_value value = number(0, WEFT_VALUE_INT_LIST);
    value.len = static_cast<std::uint32_t>(elements.size());
    value.u.il = sizes_.emplace_back(elements).data();
    return value;
  }
  weft_value reals(const std::vector<double>& elements) {
    weft_value value = number(0, WEFT_VALUE_DOUBLE_LIST);
    value.len = static_cast<std::uint32_t>(elements.size());
    value.u.dl = reals_.emplace_back(elements).data();
    return value;
  }
  weft_value list(const std::vector<weft_tensor>& elements) {
    weft_value value = number(0, WEFT_VALUE_TENSOR_LIST);
    value.len = static_cast<std::uint32_t>(elements.size());
    value.u.tl = lists_.emplace_back(elements).data();
    return value;
  }

  void add_tensor(const std::vector<std::int64_t>& sizes, std::uint32_t dtype) {
    const weft_tensor_api& api = *weft::host::tensor_api();
    weft_tensor tensor = nullptr;
    const auto ndim = static_cast<std::uint32_t>(sizes.size());
    require(api.empty(sizes.data(), ndim, dtype, nullptr, &tensor) == WEFT_OK);
    void* data = nullptr;
    require(api.data(tensor, &data) == WEFT_OK);
    std::size_t bytes = dtype == WEFT_DTYPE_BOOL ? 1 : dtype == WEFT_DTYPE_FLOAT32 ? 4 : 8;
    for (const std::int64_t size : sizes) bytes *= static_cast<std::size_t>(size);
    if (bytes > 0) std::memset(data, 0, bytes);
    tensors.push_back(tensor);
  }

  std::vector<weft_tensor> tensors;
  std::vector<Operation> operations;
  weft::host::Generator generator{1};

 private:
  // The elements of lists stay where they are.
  std::list<std::vector<std::int64_t>> sizes_;
  std::list<std::vector<double>> reals_;
  std::list<std::vector<weft_tensor>> lists_;
};

/// Reads one call out of the input. Lists and names live as long as it does.
class Call {
 public:
  Call(FuzzedDataProvider& input, const World& world) : input_(input), world_(world) {}

  weft_value value() {
    weft_value value{};
    value.tag = input_.ConsumeIntegralInRange<std::uint32_t>(0, WEFT_VALUE_GENERATOR + 2);
    if (value.tag > WEFT_VALUE_GENERATOR + 1) value.tag = input_.ConsumeIntegral<std::uint32_t>();
    value.len = input_.ConsumeIntegralInRange<std::uint32_t>(0, 4);
    switch (value.tag) {
      case WEFT_VALUE_TENSOR: value.u.t = tensor(); break;
      case WEFT_VALUE_DOUBLE: value.u.d = real(); break;
      case WEFT_VALUE_DTYPE: value.u.i = integer(); break;
      case WEFT_VALUE_STRING:
        value.u.s = list(strings_, value.len, [&] { return letter(); });
        break;
      case WEFT_VALUE_INT_LIST:
        value.u.il = list(integers_, value.len, [&] { return integer(); });
        break;
      case WEFT_VALUE_DOUBLE_LIST:
        value.u.dl = list(reals_, value.len, [&] { return real(); });
        break;
      case WEFT_VALUE_TENSOR_LIST:
        value.u.tl = list(handles_, value.len, [&] { return tensor(); });
        break;
      case WEFT_VALUE_GENERATOR:
        value.u.g = input_.ConsumeBool() ? world_.generator.get() : nullptr;
        break;
      default:  // a number, or an address that nothing may follow
        value.u.i = integer();
        if (input_.ConsumeBool()) value.len = input_.ConsumeIntegral<std::uint32_t>();
    }
    return value;
  }

  const char* name() {
    static constexpr std::array<const char*, 12> known{
        "self", "other", "alpha", "dim",          "dtype",     "approximate",
        "eps",  "bias",  "scale", "cudnn_enable", "is_causal", "generator"};
    switch (input_.ConsumeIntegralInRange(0, 9)) {
      case 0: return nullptr;
      case 1: return "";
      case 2: names_.push_back(input_.ConsumeRandomLengthString(8)); return names_.back().c_str();
      default: return input_.PickValueInArray(known);
    }
  }

 private:
  template <class T, class Element>
  const T* list(std::vector<std::vector<T>>& lists, std::uint32_t& length, const Element& element) {
    if (input_.ConsumeIntegralInRange(0, 7) == 0) {  // null, with any length
      length = input_.ConsumeBool() ? input_.ConsumeIntegral<std::uint32_t>() : length;
      return nullptr;
    }
    if (input_.ConsumeIntegralInRange(0, 15) == 0)
      length = input_.ConsumeIntegralInRange<std::uint32_t>(0, k_room);
    std::vector<T> elements;
    for (std::uint32_t i = 0; i < length; ++i) elements.push_back(element());
    elements.shrink_to_fit();  // the sanitiser sees the first step beyond
    lists.push_back(std::move(elements));
    return lists.back().data();
  }

  weft_tensor tensor() {
    const auto i = input_.ConsumeIntegralInRange<std::size_t>(0, world_.tensors.size());
    return i < world_.tensors.size() ? world_.tensors[i] : nullptr;
  }
  // Small, or so large that no tensor has room for it: else an operation may rightly take gigabytes
  // and minutes.
  std::int64_t integer() {
    constexpr std::int64_t large = std::int64_t{1} << 48;
    const auto small = input_.ConsumeIntegralInRange<std::int64_t>(-4, 11);
    if (small < 11) return small;
    const auto any = input_.ConsumeIntegral<std::int64_t>();
    return any < 0 ? any & ~large : any | large;
  }
  double real() {
    static constexpr std::array<double, 6> known{0.0, 0.5, 1.0, 2.0, -1.0, 1e-5};
    if (input_.ConsumeIntegralInRange(0, 7) != 0) return input_.PickValueInArray(known);
    const auto any = input_.ConsumeFloatingPoint<double>();
    return std::abs(any) < 1e15 ? 1.0 : any;  // a number that is none stays
  }
  char letter() { return static_cast<char>(input_.ConsumeIntegral<std::uint8_t>()); }

  FuzzedDataProvider& input_;
  const World& world_;
  std::vector<std::vector<char>> strings_;
  std::vector<std::vector<std::int64_t>> integers_;
  std::vector<std::vector<double>> reals_;
  std::vector<std::vector<weft_tensor>> handles_;
  std::list<std::string> names_;  // their addresses stay
};

/// What the ABI promises of every call, however bad its arguments.
void check(weft_status status, const std::vector<weft_value>& results) {
  if (status == WEFT_OK) {
    for (const weft_value& result : results) {
      require(result.tag <= WEFT_VALUE_BOOL);
      if (result.tag == WEFT_VALUE_TENSOR) weft::host::tensor_api()->release(result.u.t);
    }
    return;
  }
  require(status > 0 && status <= WEFT_INTERNAL);
  require(!weft::host::take_error().empty());
  for (const weft_value& result : results)  // untouched
    require(result.tag == 77 && result.len == 78 && result.u.i == 79);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const World& world = *new World;  // or its tensors would look lost at the end
  FuzzedDataProvider input(bytes, size);
  Call call(input, world);
  // A call that succeeds, with some of it replaced, left out or added; or one without an operation.
  // Where the input has ended, each Consume… gives the least it may: nothing more is changed.
  const auto chosen = input.ConsumeIntegralInRange<std::size_t>(0, world.operations.size());
  World::Operation made;
  if (chosen < world.operations.size()) made = world.operations[chosen];
  auto& [op, values, named] = made;
  for (weft_value& value : values)
    if (input.ConsumeIntegralInRange(0, 3) == 3) value = call.value();
  for (weft_named_value& one : named) {
    if (input.ConsumeIntegralInRange(0, 3) == 3) one.value = call.value();
    if (input.ConsumeIntegralInRange(0, 7) == 7) one.name = call.name();
  }
  const auto changes = input.ConsumeIntegralInRange(0, 3);
  for (int i = 0; i < changes; ++i) {
    const auto change = input.ConsumeIntegralInRange(0, 4);
    if (change == 0 && !values.empty()) values.pop_back();
    if (change == 1) values.push_back(call.value());
    if (change == 2 && !named.empty()) named.pop_back();
    if (change == 3) named.push_back({call.name(), call.value()});
  }
  weft_value untouched{};
  untouched.tag = 77, untouched.len = 78, untouched.u.i = 79;
  std::vector<weft_value> results(
      input.ConsumeBool() ? input.ConsumeIntegralInRange<std::size_t>(0, k_results) : 1, untouched);

  // An array that is null may come with any count.
  const auto count = [&](const auto& array) {
    return array.empty() && input.ConsumeBool() ? input.ConsumeIntegral<std::uint32_t>()
                                                : static_cast<std::uint32_t>(array.size());
  };
  const auto data = [](auto& array) { return array.empty() ? nullptr : array.data(); };
  const std::uint32_t value_count = count(values), named_count = count(named),
                      result_count = count(results);
  check(weft::host::op_api()->call(op, data(values), value_count, data(named), named_count,
                                   data(results), result_count),
        results);
  return 0;
}
