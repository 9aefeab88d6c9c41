// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

using TensorTest = EngineTest;

TEST_F(TensorTest, AnArrayIsSharedAndKeptAlive) {
  Array array = Array::of<float>({1, 2, 3, 4}, {2, 2});
  const std::weak_ptr<std::byte> memory = array.bytes;
  Tensor tensor = from_array(array);
  array.data<float>()[3] = 9;
  array = Array();
  EXPECT_FALSE(memory.expired());
  EXPECT_EQ(values_of(tensor), (std::vector<double>{1, 2, 3, 9}));
  tensor = Tensor();
  EXPECT_TRUE(memory.expired());
}

TEST_F(TensorTest, EveryElementTypeGoesThereAndBack) {
  for (const DType dtype : {DType::boolean, DType::uint8, DType::int32, DType::int64,
                            DType::float16, DType::bfloat16, DType::float32, DType::float64}) {
    Array array = Array::empty(dtype, {3});
    for (std::size_t i = 0; i < array.byte_count(); ++i)
      array.bytes.get()[i] = static_cast<std::byte>(dtype == DType::boolean ? i % 2 : i);
    const Tensor tensor = from_array(array);
    EXPECT_EQ(tensor.dtype(), dtype);
    const Array back = to_array(tensor);
    EXPECT_NE(back.bytes, array.bytes);
    EXPECT_EQ(std::memcmp(back.bytes.get(), array.bytes.get(), array.byte_count()), 0)
        << dtype_name(dtype);
  }
}

TEST_F(TensorTest, EmptyAndScalarShapesWork) {
  EXPECT_EQ(to_array(from_array(Array::empty(DType::float32, {0, 4}))).sizes, (Sizes{0, 4}));
  EXPECT_EQ(item(floats({2.5}, {})), 2.5);
  EXPECT_EQ(item(from_array(Array::of<std::int64_t>({-3}, {1}))), -3.0);
  EXPECT_THROW(item(floats({1, 2}, {2})), Error);
  EXPECT_EQ(items({floats({2.5}, {}), from_array(Array::of<std::int64_t>({-3}, {1})),
                   doubles({0.1}, {1, 1})}),
            (std::vector<double>{2.5, -3.0, 0.1}));
  EXPECT_TRUE(items({}).empty());
  EXPECT_THROW(items({floats({1}, {}), floats({1, 2}, {2})}), Error);
}

TEST_F(TensorTest, AViewIsCopiedInItsOwnOrder) {
  weft_tensor out = nullptr;
  ASSERT_EQ(op_.transpose(floats({1, 2, 3, 4, 5, 6}, {2, 3}).get(), 0, 1, &out), WEFT_OK);
  EXPECT_EQ(values_of(Tensor::own(out)), (std::vector<double>{1, 4, 2, 5, 3, 6}));
}

TEST_F(TensorTest, CopiesReferToTheSameTensor) {
  const Tensor a = floats({1, 2}, {2});
  Tensor b = a;
  EXPECT_NE(a.get(), b.get());
  call(find_op("aten::zero_"), {value(b)});
  EXPECT_EQ(values_of(a), (std::vector<double>{0, 0}));
  const Tensor moved = std::move(b);
  EXPECT_FALSE(b);  // NOLINT: a moved-from tensor is none
  EXPECT_TRUE(moved);
  EXPECT_FALSE(Tensor(Tensor()));
}

TEST_F(TensorTest, ArithmeticIsRecorded) {
  const Tensor x = floats({1, 2}, {2});
  set_trainable(x, true);
  const Tensor y = add(scaled(x, 3.0), detach(x));
  EXPECT_EQ(values_of(y), (std::vector<double>{4, 8}));
  backward(sum_of_products(y, y));
  EXPECT_EQ(values_of(gradient(x)), (std::vector<double>{24, 48}));
  EXPECT_FALSE(detach(x).requires_grad());
  EXPECT_THROW(add(x, floats({1, 2, 3}, {3})), Error);
}

TEST_F(TensorTest, InfinitiesAreFound) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(is_finite(floats({1, 2}, {2})));
  EXPECT_FALSE(is_finite(floats({1, infinity}, {2})));
  EXPECT_FALSE(is_finite(floats({std::nanf(""), 1}, {2})));
  EXPECT_TRUE(is_finite(from_array(Array::of<std::int64_t>({1}, {1}))));
}

TEST_F(TensorTest, CopyIntoChecksShapeAndType) {
  const Tensor parameter = random_tensor({2, 2}, 1);
  set_trainable(parameter, true);
  copy_into(parameter, Array::of<float>({1, 2, 3, 4}, {2, 2}));
  EXPECT_EQ(values_of(parameter), (std::vector<double>{1, 2, 3, 4}));
  for (const Array& wrong :
       {Array::of<float>({1, 2, 3, 4}, {4}), Array::of<double>({1, 2, 3, 4}, {2, 2})}) {
    try {
      copy_into(parameter, wrong);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::bad_checkpoint);
      EXPECT_EQ(std::string(error.what()), wrong.dtype == DType::float64
                                               ? "expected float32[2, 2], found float64[2, 2]"
                                               : "expected float32[2, 2], found float32[4]");
    }
  }
}

TEST_F(TensorTest, MetaTellsEverything) {
  const Tensor x = random_tensor({2, 3}, 1);
  set_trainable(x, true);
  weft_tensor_meta meta{};
  meta.size = sizeof meta;
  ASSERT_EQ(tensor_table_.meta(x.get(), &meta), WEFT_OK);
  EXPECT_EQ(meta.dtype, WEFT_DTYPE_FLOAT32);
  EXPECT_EQ(meta.ndim, 2u);
  EXPECT_EQ(meta.device_type, 0);
  EXPECT_EQ(meta.device_index, -1);
  EXPECT_EQ(meta.requires_grad, 1u);
  EXPECT_EQ(meta.count, 6);
  EXPECT_EQ((Sizes{meta.sizes, meta.sizes + 2}), (Sizes{2, 3}));
  EXPECT_EQ((Sizes{meta.strides, meta.strides + 2}), (Sizes{3, 1}));
}

TEST_F(TensorTest, MetaWritesNoFurtherThanItsReaderKnows) {
  const Tensor x = random_tensor({2, 3}, 1);
  weft_tensor_meta old{};
  std::memset(&old, 0xA5, sizeof old);
  old.size = offsetof(weft_tensor_meta, count);
  ASSERT_EQ(tensor_table_.meta(x.get(), &old), WEFT_OK);
  EXPECT_EQ(old.ndim, 2u);
  EXPECT_EQ(old.count, static_cast<std::int64_t>(0xA5A5A5A5A5A5A5A5u));

  struct {
    weft_tensor_meta known;
    std::uint64_t newer = 0xA5A5A5A5A5A5A5A5u;
  } large{};
  large.known.size = sizeof large;
  ASSERT_EQ(tensor_table_.meta(x.get(), &large.known), WEFT_OK);
  EXPECT_EQ(large.known.count, 6);
  EXPECT_EQ(large.known.size, sizeof large);
  EXPECT_EQ(large.newer, 0xA5A5A5A5A5A5A5A5u);
}

TEST_F(TensorTest, EmptyMakesAContiguousTensor) {
  const std::int64_t sizes[] = {2, 3};
  weft_tensor out = nullptr;
  ASSERT_EQ(tensor_table_.empty(sizes, 2, WEFT_DTYPE_INT32, nullptr, &out), WEFT_OK);
  const Tensor tensor = Tensor::own(out);
  EXPECT_EQ(tensor.dtype(), DType::int32);
  EXPECT_EQ(tensor.sizes(), (Sizes{2, 3}));
}

TEST_F(TensorTest, TheTableRefusesWhatItCannotDo) {
  const std::int64_t sizes[] = {2}, negative[] = {-2};
  weft_tensor out = nullptr;
  void* data = nullptr;
  weft_tensor_meta meta{};
  const auto expect = [](weft_status status, weft_status expected, const std::string& text) {
    EXPECT_EQ(status, expected);
    EXPECT_EQ(error_record().text.substr(0, text.size()), text);
  };
  const Tensor x = random_tensor({2}, 1);
  expect(tensor_table_.retain(nullptr, &out), WEFT_INVALID, "tensor.retain: the tensor is null");
  expect(tensor_table_.retain(x.get(), nullptr), WEFT_INVALID, "tensor.retain: out is null");
  expect(tensor_table_.data(nullptr, &data), WEFT_INVALID, "tensor.data: the tensor is null");
  expect(tensor_table_.meta(x.get(), &meta), WEFT_INVALID,
         "tensor.meta: out is null or its size is not set");
  expect(tensor_table_.empty(sizes, 1, 99, nullptr, &out), WEFT_TYPE,
         "there is no element type 99");
  expect(tensor_table_.empty(nullptr, 1, 7, nullptr, &out), WEFT_INVALID,
         "tensor.empty: sizes is null");
  expect(tensor_table_.empty(negative, 1, 7, nullptr, &out), WEFT_FAILED,
         "tensor.empty: Trying to create tensor with negative dimension -2");
  tensor_table_.release(nullptr);
  EXPECT_EQ(out, nullptr);
}

}  // namespace
}  // namespace weft::host
