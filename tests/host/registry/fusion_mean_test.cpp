// SPDX-License-Identifier: Apache-2.0
/// The plug-in in plain C, as far as it goes without numbers: what it declares, how it reads its
/// configuration, and that it gives every handle back, whichever operation fails.
#include <gmock/gmock.h>

#include <memory>
#include <set>

#include "host/registry/core_api.hpp"
#include "host/registry/instance.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

using testing::ElementsAre;

std::int64_t dim_of(const std::string& config) {
  const std::vector<Part> parts = Registry::load_file(test::fusion_mean());
  return Instance(parts.at(0), "fusion", config, {}).sizes().at("D");
}

TEST(FusionMean, DeclaresThePortsOfAFusionPart) {
  const std::vector<Part> parts = Registry::load_file(test::fusion_mean());
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].id, "fusion.mean");
  const Instance mean(parts[0], "fusion", "{}", {{"streams", 2}});
  std::vector<std::string> ports;
  for (const Port& port : mean.inputs()) ports.push_back(port.name + " " + port.shape);
  for (const Port& port : mean.outputs()) ports.push_back(port.name + " " + port.shape);
  EXPECT_THAT(
      ports, ElementsAre("streams [B, N*, D]", "masks [B, N*]", "tokens [B, 1, D]", "mask [B, 1]"));
}

TEST(FusionMean, ReadsEverySpellingOfItsConfiguration) {
  EXPECT_EQ(dim_of("{}"), 64);
  EXPECT_EQ(dim_of("{\"dim\":128}"), 128);
  EXPECT_EQ(dim_of(" {\n  \"dim\" : 7\n}\n"), 7);
  EXPECT_EQ(dim_of("{\"\\u0064im\": 6.4e1}"), 64);
  EXPECT_EQ(dim_of("{\"dim\": 32.0}"), 32);
  for (const char* wrong : {"{\"dim\": 0}", "{\"dim\": \"8\"}", "{\"dim\": 1e300}"}) {
    try {
      dim_of(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(),
                   "fusion (fusion.mean 1.0.0): dim must be an integer from 1 to 1048576");
    }
  }
}

/// Tensors that have only a number of axes, and tables that count them and fail when told to.
namespace stub {

struct Tensor {
  std::uint32_t ndim;
};
std::set<Tensor*> alive;
int calls_until_failure = 0;

weft_status make(std::uint32_t ndim, weft_tensor* out) {
  if (calls_until_failure-- == 0) {
    core_api()->error_set(WEFT_FAILED, "told to fail", 12);
    return WEFT_FAILED;
  }
  *out = reinterpret_cast<weft_tensor>(*alive.insert(new Tensor{ndim}).first);
  return WEFT_OK;
}

Tensor* get(weft_tensor tensor) {
  auto* const known = reinterpret_cast<Tensor*>(tensor);
  EXPECT_TRUE(alive.count(known)) << "a tensor was used after its release";
  return known;
}

void release(weft_tensor tensor) {
  if (tensor == nullptr) return;
  Tensor* const known = get(tensor);
  if (alive.erase(known)) delete known;
}

weft_status meta(weft_tensor tensor, weft_tensor_meta* out) {
  static const std::int64_t sizes[] = {2, 3, 4};
  out->ndim = get(tensor)->ndim;
  out->sizes = sizes;
  return WEFT_OK;
}

/// The handle of an operation is the number of axes of its result.
weft_status lookup(const char* name, const char*, const char*, weft_op* out) {
  *out = reinterpret_cast<weft_op>(std::string(name) == "aten::new_ones" ? std::uintptr_t{2}
                                                                         : std::uintptr_t{3});
  return WEFT_OK;
}

weft_status call(weft_op op, const weft_value* args, std::uint32_t n, const weft_named_value*,
                 std::uint32_t, weft_value* result, std::uint32_t) {
  for (std::uint32_t i = 0; i < n; ++i)
    if (args[i].tag == WEFT_VALUE_TENSOR) get(args[i].u.t);
  const weft_status status =
      make(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(op)), &result->u.t);
  if (status == WEFT_OK) result->tag = WEFT_VALUE_TENSOR;
  return status;
}

weft_status add(weft_tensor a, weft_tensor b, double, weft_tensor* out) {
  get(b);
  return make(get(a)->ndim, out);
}

weft_status reshape(weft_tensor x, const std::int64_t*, std::uint32_t ndim, weft_tensor* out) {
  get(x);
  return make(ndim, out);
}

weft_status sum(weft_tensor x, const std::int64_t*, std::uint32_t, std::uint32_t,
                weft_tensor* out) {
  return make(get(x)->ndim, out);
}

HostTables tables() {
  static weft_tensor_api tensor{};
  tensor.size = sizeof tensor;
  tensor.release = release;
  tensor.meta = meta;
  static weft_op_api op{};
  op.size = sizeof op;
  op.lookup = lookup;
  op.call = call;
  op.add = add;
  op.reshape = reshape;
  op.sum = sum;
  return {&tensor, &op, nullptr};
}

}  // namespace stub

TEST(FusionMean, GivesEveryHandleBackWhicheverOperationFails) {
  const std::vector<Part> parts = Registry::load_file(test::fusion_mean(), stub::tables());
  Instance mean(parts.at(0), "fusion", "{\"dim\": 4}", {{"streams", 3}});
  int failures = 0;
  for (bool done = false; !done; ++failures) {
    stub::calls_until_failure = 1000;
    weft_tensor in[6] = {};  // three streams; the second and third have a mask
    for (int i : {0, 1, 2}) stub::make(3, &in[i]);
    for (int i : {4, 5}) stub::make(2, &in[i]);
    const std::uint32_t counts[] = {3, 3};
    weft_tensor out[2] = {};
    weft_call arguments{};
    arguments.size = sizeof arguments;
    arguments.n_in = 6;
    arguments.in = in;
    arguments.in_count = counts;
    arguments.out = out;
    stub::calls_until_failure = failures;
    try {
      mean.call(arguments);
      done = true;
      EXPECT_EQ(stub::get(out[0])->ndim, 3u);
      EXPECT_EQ(stub::get(out[1])->ndim, 2u);
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "fusion (fusion.mean 1.0.0): told to fail");
      EXPECT_TRUE(out[0] == nullptr && out[1] == nullptr);
    }
    for (weft_tensor tensor : {in[0], in[1], in[2], in[4], in[5], out[0], out[1]})
      stub::release(tensor);
    EXPECT_TRUE(stub::alive.empty()) << "a handle leaked when operation " << failures << " failed";
    stub::alive.clear();
  }
  EXPECT_EQ(failures - 1, 2 + 6 + 6 + 2 + 1 + 1)
      << "operations: pool, pool, pool, add, divide, mask";
}

}  // namespace
}  // namespace weft::host
