// SPDX-License-Identifier: Apache-2.0
/// Fields of the kind `array`.

#include <gmock/gmock.h>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

/// A .npy file of version 1.0, as numpy.save writes it.
std::string npy(const std::string& descr, const std::string& shape, const std::string& numbers,
                const std::string& order = "False") {
  std::string header =
      "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  header.resize((10 + header.size() + 64) / 64 * 64 - 11, ' ');
  header += '\n';
  const auto low = static_cast<char>(header.size() & 255U),
             high = static_cast<char>(header.size() >> 8U);
  return std::string("\x93NUMPY\x01\0", 8) + low + high + header + numbers;
}

template <class T>
std::string packed(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// All rows of the field `x` over samples with these members.
Batch read(const std::vector<std::string>& files, const std::string& options) {
  const test::Folder folder;
  test::Members members;
  for (std::size_t i = 0; i < files.size(); ++i)
    members.emplace_back("k" + std::to_string(i) + ".npy", files[i]);
  test::write_tar(folder.path("a.tar"), members);
  const Dataset dataset =
      Dataset::open("d",
                    R"({"shards": {"val": [")" + folder.path("a.tar") +
                        R"("]}, "fields": {"x": {"kind": "array")" + options + "}}}",
                    folder.path("c"));
  EvaluationStream stream(dataset, Split::val, 8);
  Batch batch;
  EXPECT_TRUE(stream.next(batch));
  return batch;
}

std::string refusal(const std::string& file, const std::string& options) {
  return error_of([&] { read({file}, options); }).second;
}

std::vector<float> floats(const Batch& batch) {
  const Array& array = batch.fields.at("x");
  return {array.data<float>(), array.data<float>() + array.count()};
}

constexpr const char* k_two_by_three = R"(, "shape": [2, 3])";
constexpr const char* k_any_by_two = R"(, "shape": [2], "max_length": 3)";

TEST(ArrayField, HoldsTheNumbersOfTheFile) {
  const Batch batch = read({npy("<f4", "(2, 3)", packed<float>({1, 2, 3, 4, 5, 6}))},
                           R"(, "shape": [2, 3], "mean": 1, "std": 0.5)");
  EXPECT_THAT(batch.fields.at("x").sizes, ElementsAre(1, 2, 3));
  EXPECT_THAT(floats(batch), ElementsAre(0, 2, 4, 6, 8, 10));
}

TEST(ArrayField, ReadsEverySortOfNumber) {
  const std::string shape = R"(, "shape": [2])";
  EXPECT_THAT(floats(read({npy("<f8", "(2,)", packed<double>({-1.5, 3}))}, shape)),
              ElementsAre(-1.5, 3));
  // 1, -2.5, the least normal, the least subnormal number of IEEE 754 binary16.
  EXPECT_THAT(
      floats(read({npy("<f2", "(4,)", packed<std::uint16_t>({0x3c00, 0xc100, 0x0400, 0x0001}))},
                  R"(, "shape": [4])")),
      ElementsAre(1, -2.5, 0x1p-14F, 0x1p-24F));
  EXPECT_THAT(floats(read({npy("|b1", "(2,)", std::string("\1\0", 2))}, shape)), ElementsAre(1, 0));
  EXPECT_THAT(floats(read({npy("|i1", "(2,)", "\xff\x02")}, shape)), ElementsAre(-1, 2));
  EXPECT_THAT(floats(read({npy("<u2", "(2,)", packed<std::uint16_t>({65535, 1}))}, shape)),
              ElementsAre(65535, 1));
  EXPECT_THAT(floats(read({npy("<i4", "(2,)", packed<std::int32_t>({-7, 8}))}, shape)),
              ElementsAre(-7, 8));
}

TEST(ArrayField, IsCutOrFilledUpToMaxLength) {
  const Batch batch = read(
      {npy("<f4", "(1, 2)", packed<float>({1, 2})),
       npy("<f4", "(4, 2)", packed<float>({1, 2, 3, 4, 5, 6, 7, 8})), npy("<f4", "(0, 2)", "")},
      k_any_by_two);
  EXPECT_THAT(batch.fields.at("x").sizes, ElementsAre(3, 3, 2));
  EXPECT_THAT(floats(batch), ElementsAre(1, 2, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(test::flags(batch, "x_mask", 0), ElementsAre(true, false, false));
  EXPECT_THAT(test::flags(batch, "x_mask", 1), ElementsAre(true, true, true));
  EXPECT_THAT(test::flags(batch, "x_mask", 2), ElementsAre(false, false, false));
}

TEST(ArrayField, OfIntegersKeepsToItsClasses) {
  const std::string options = R"(, "max_length": 3, "dtype": "integer", "classes": 10)";
  const Batch batch = read({npy("<i8", "(2,)", packed<std::int64_t>({9, 0}))}, options);
  EXPECT_THAT(test::integers(batch, "x"), ElementsAre(9, 0, 0));
  EXPECT_THAT(refusal(npy("<i8", "(2,)", packed<std::int64_t>({1, 10})), options),
              HasSubstr("its value 1 is 10, and the field's classes are 0 to 9. Correct classes, "
                        "or the sample."));
  EXPECT_THAT(refusal(npy("<f4", "(1,)", packed<float>({1})), options),
              HasSubstr("it holds floats"));
}

TEST(ArrayField, ReadsListsOfJson) {
  const test::Folder folder;
  test::write_file(folder.path("a.jsonl"),
                   "{\"v\": [[1, 2], [3, 4.5]]}\n{\"v\": []}\n{\"v\": [[1, 2], [3]]}\n{\"v\": [[1, "
                   "\"x\"]]}\n{\"v\": 3}\n");
  const Dataset dataset = Dataset::open(
      "d",
      R"({"shards": {"val": [")" + folder.path("a.jsonl") +
          R"("]}, "fields": {"x": {"kind": "array", "pointer": "/v", "shape": [2], "max_length": 2}}})",
      folder.path("c"));
  EvaluationStream stream(dataset, Split::val, 1);
  Batch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_THAT(floats(batch), ElementsAre(1, 2, 3, 4.5));
  ASSERT_TRUE(stream.next(batch));
  EXPECT_THAT(floats(batch), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(error_of([&] { stream.next(batch); }).second,
              HasSubstr("sample 3: /v: its lists differ in length or depth."));
}

TEST(ArrayField, RefusesOtherShapes) {
  EXPECT_THAT(
      refusal(npy("<f4", "(3, 2)", packed<float>({1, 2, 3, 4, 5, 6})), k_two_by_three),
      HasSubstr(
          "sample k0: x.npy: its shape is [3, 2], and the field's is [2, 3]. Correct shape or "
          "max_length, or the sample."));
  EXPECT_THAT(refusal(npy("<f4", "(3,)", packed<float>({1, 2, 3})), k_any_by_two),
              HasSubstr("its shape is [3], and the field's is [any, 2]"));
}

TEST(ArrayField, RefusesWhatItDoesNotRead) {
  const std::string six = packed<float>({1, 2, 3, 4, 5, 6});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {npy("|O", "(2, 3)", six),
       "it holds Python objects, which are a pickle and are not run. Save numbers"},
      {"\x80\x04K\x01.",
       "it is a pickle of Python, which is not run. Save one array with numpy.save."},
      {"PK\x03\x04 and more bytes", "it is a .npz archive of several arrays"},
      {"a text of some length", "it is no .npy file"},
      {npy(">f4", "(2, 3)", six), "have their most significant byte first"},
      {npy("<f4", "(2, 3)", six, "True"), "it is in Fortran's order"},
      {npy("<c8", "(1, 3)", six), "are of the type \"<c8\", which is not read"},
      {npy("<f4", "(2, 3)", six + "x"),
       "it is damaged: 25 bytes of numbers follow a header that announces 24"},
      {npy("<f4", "(2, 3)", six.substr(1)), "it is damaged: 23 bytes"},
      {npy("<f4", "(9223372036854775807, 9223372036854775807)", six), "that announces more"},
      {npy("<f4", "(99999999999999999999,)", six), "the header of the .npy file is damaged"},
      {npy("<f4", "(-1, 3)", six), "the header of the .npy file is damaged"},
      {npy("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", six), "it has more than 8 axes"},
      {npy("<f4", "2, 3", six), "the header of the .npy file is damaged"},
      {npy("<f4", "(2, 3), 'shape': (6,)", six), "the header of the .npy file is damaged"},
      {npy("<f4', 'more': '", "(2, 3)", six), "the header of the .npy file is damaged"},
      {npy("<f4", "(2, 3)",
           packed<float>({1, 2, 3, 4, 5, std::numeric_limits<float>::quiet_NaN()})),
       "its value 5 is nan, which is not finite"}};
  for (const auto& [file, sentence] : cases) {
    EXPECT_THAT(refusal(file, k_two_by_three), HasSubstr(sentence));
  }
  const std::string whole = npy("<f4", "(2, 3)", six);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_NE(refusal(whole.substr(0, size), k_two_by_three), "") << size;
  }
}

TEST(ArrayField, RefusesOddOptions) {
  EXPECT_EQ(refusal("", R"(, "shape": [0])"),
            "data field x/shape: expected whole numbers from 1, found [0].");
  EXPECT_EQ(
      refusal("", R"(, "shape": [10000, 10000, 10])"),
      "data field x/shape: expected at most 100000000 values in all, found [10000,10000,10].");
  EXPECT_EQ(refusal("", R"(, "dtype": "bool")"),
            "data field x/dtype: expected float or integer, found \"bool\".");
  EXPECT_EQ(refusal("", R"(, "classes": 3)"),
            "data field x/classes: expected dtype integer beside it, found 3.");
}

}  // namespace
}  // namespace weft::host
