// SPDX-License-Identifier: Apache-2.0
/// Which device is chosen, and what is said where there is none.

#include "host/engine/device/device.hpp"

#include <gmock/gmock.h>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

using ::testing::HasSubstr;

Gpus machine(const std::string& driver_fault, const std::string& engine_fault, int count) {
  return {[=] { return driver_fault; }, [=] { return engine_fault; }, [=] { return count; }};
}

std::string refusal(const std::string& choice, const Gpus& gpus, int local_rank = 0) {
  try {
    return "chose " + choose_device(choice, local_rank, gpus).name;
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::usage);
    return error.what();
  }
}

const Gpus two = machine("", "", 2);
const Gpus none = machine("libcuda.so.1: cannot open shared object file", "", 0);
const Gpus not_built = machine("", "libweft_engine_cuda.so: no such file", 0);

TEST(Device, TheCpuAsksNothingOfTheMachine) {
  const auto unasked = [] { return std::string("asked"); };
  const Gpus fragile{unasked, unasked, []() -> int { throw std::logic_error("asked"); }};
  EXPECT_EQ(choose_device("cpu", 3, fragile).name, "cpu");
}

TEST(Device, EachRankTakesTheGpuOfItsNumber) {
  EXPECT_EQ(choose_device("cuda", 0, two).name, "cuda:0");
  EXPECT_EQ(choose_device("cuda", 1, two).name, "cuda:1");
  EXPECT_EQ(choose_device("auto", 1, two).name, "cuda:1");
  EXPECT_EQ(choose_device("cuda:1", 0, two).name, "cuda:1");
}

TEST(Device, WhatIsNotThereIsSaidWithWhatToDo) {
  EXPECT_EQ(
      refusal("cuda", none),
      "the device cuda: NVIDIA's driver does not answer here (libcuda.so.1: cannot open shared "
      "object file). Install it, or compute with --device cpu.");
  EXPECT_EQ(
      refusal("cuda:0", not_built),
      "the device cuda:0: Weft's library for GPUs cannot be opened (libweft_engine_cuda.so: no "
      "such file). Run `./dev setup --gpu` and `./dev build`, or compute with --device cpu.");
  EXPECT_THAT(refusal("cuda", machine("", "", 0)), HasSubstr("offers no GPU"));
  EXPECT_EQ(refusal("cuda:2", two), "the device cuda:2: there are 2 GPUs, the first being cuda:0.");
  EXPECT_EQ(refusal("cuda", two, 2),
            "the device cuda: rank 2 of this machine would take a GPU of its own, and there are 2 "
            "GPUs. Start at most 2 here.");
  for (const char* wrong : {"gpu", "cuda:", "cuda:x", "cuda:1x", "cuda:-1", ""})
    EXPECT_EQ(refusal(wrong, two),
              std::string("The device is cpu, cuda, cuda:N or auto, found \"") + wrong + "\".");
}

TEST(Device, AutoPassesOverWhatCannotBeUsedAndSaysSoWhereThereIsAGpu) {
  EXPECT_EQ(choose_device("auto", 0, none).name, "cpu");
  EXPECT_EQ(choose_device("auto", 0, none).remark, "");
  const ChosenDevice chosen = choose_device("auto", 0, not_built);
  EXPECT_EQ(chosen.name, "cpu");
  EXPECT_THAT(chosen.remark, HasSubstr("./dev setup --gpu"));
}

class DeviceTable : public EngineTest {};

TEST_F(DeviceTable, ATensorOfTheCpuHasNoStream) {
  const Tensor tensor = floats({1, 2}, {2});
  weft_device device{};
  device.size = sizeof device;
  device.stream = &device;
  ASSERT_EQ(device_api()->of(tensor.get(), &device), WEFT_OK);
  EXPECT_EQ(device.type, WEFT_DEVICE_CPU);
  EXPECT_EQ(device.stream, nullptr);
  void *data = nullptr, *same = nullptr;
  ASSERT_EQ(device_api()->data(tensor.get(), &data), WEFT_OK);
  ASSERT_EQ(tensor_table_.data(tensor.get(), &same), WEFT_OK);
  EXPECT_EQ(data, same);
}

TEST_F(DeviceTable, WritesNoMoreThanItsReaderKnows) {
  weft_device device{};
  device.size = offsetof(weft_device, stream);
  device.stream = &device;
  ASSERT_EQ(device_api()->of(floats({1}, {1}).get(), &device), WEFT_OK);
  EXPECT_EQ(device.stream, &device);
  EXPECT_EQ(device_api()->of(nullptr, &device), WEFT_INVALID);
}

}  // namespace
}  // namespace weft::host
