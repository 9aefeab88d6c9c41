// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/safetensors.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <ctime>
#include <limits>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Array;
using host::DType;
using host::TensorFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// `count` elements of any type; bytes 0 and 1 in turn suit a bool too.
Array alternating(DType dtype, std::vector<std::int64_t> sizes) {
  Array array = Array::empty(dtype, std::move(sizes));
  for (std::size_t i = 0; i < array.byte_count(); ++i)
    array.bytes.get()[i] = static_cast<std::byte>(i * 7 / 3 % 2);
  return array;
}

TEST(Safetensors, EveryElementTypeComesBack) {
  const TemporaryFolder folder;
  TensorFile file;
  file.metadata = {{"format", "weft"}, {"größe", "μ"}};
  for (const DType dtype : {DType::boolean, DType::uint8, DType::int32, DType::int64,
                            DType::float16, DType::bfloat16, DType::float32, DType::float64}) {
    const std::string name = host::dtype_name(dtype);
    file.tensors[name] = alternating(dtype, {3, 5});
    file.tensors[name + ".scalar"] = alternating(dtype, {});
    file.tensors[name + ".empty"] = alternating(dtype, {2, 0, 4});
  }
  host::write_safetensors(folder.path("all"), file);
  const TensorFile found = host::read_safetensors(folder.path("all"));
  EXPECT_EQ(found.metadata, file.metadata);
  ASSERT_EQ(found.tensors.size(), file.tensors.size());
  for (const auto& [name, array] : file.tensors) {
    const Array& back = found.tensors.at(name);
    EXPECT_EQ(back.dtype, array.dtype) << name;
    EXPECT_EQ(back.sizes, array.sizes) << name;
    EXPECT_EQ(std::memcmp(back.bytes.get(), array.bytes.get(), array.byte_count()), 0) << name;
  }
}

TEST(Safetensors, BytesAreThoseOfTheFormat) {
  const TemporaryFolder folder;
  TensorFile file;
  file.metadata = {{"k", "v"}};
  file.tensors["a"] = Array::of<float>({1.0F, -2.0F}, {2});
  file.tensors["b"] = Array::of<std::int64_t>({5}, {1});
  file.tensors["c"] = Array::of<bool>({true, false, true}, {3});
  host::write_safetensors(folder.path("f"), file);

  std::string header = R"({"__metadata__":{"k":"v"},)"
                       R"("b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                       R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},)"
                       R"("c":{"dtype":"BOOL","shape":[3],"data_offsets":[16,19]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string length{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
  using namespace std::string_literals;
  const std::string data = "\5\0\0\0\0\0\0\0"s + "\0\0\x80\x3f\0\0\0\xc0"s + "\1\0\1"s;
  EXPECT_EQ(content(folder.path("f")), length + header + data);
}

TEST(Safetensors, AFileWithoutTensorsIsAnEmptyObject) {
  const TemporaryFolder folder;
  host::write_safetensors(folder.path("none"), {});
  EXPECT_EQ(content(folder.path("none")), std::string("\x8\0\0\0\0\0\0\0{}      ", 16));
  EXPECT_TRUE(host::read_safetensors(folder.path("none")).tensors.empty());
}

TEST(Safetensors, FilesOfTheReferenceImplementationAreReadAndWrittenAlike) {
  const TemporaryFolder folder;
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(WEFT_SOURCE_DIR "/tests/reference")) {
    if (entry.path().extension() != ".safetensors") continue;
    ++files;
    host::write_safetensors(folder.path("copy"), host::read_safetensors(entry.path()));
    EXPECT_TRUE(content(folder.path("copy")) == content(entry.path())) << entry.path();
  }
  EXPECT_GE(files, 10);
}

TEST(Safetensors, ValuesOfTheReferenceImplementationAreRead) {
  const TensorFile file = host::read_safetensors(WEFT_SOURCE_DIR "/tests/reference/f1.safetensors");
  const Array& target = file.tensors.at("in.target");
  EXPECT_EQ(target.dtype, DType::int64);
  EXPECT_THAT(target.sizes, ElementsAre(40));
  for (std::int64_t i = 0; i < 40; ++i) {
    EXPECT_GE(target.data<std::int64_t>()[i], 0);
    EXPECT_LT(target.data<std::int64_t>()[i], 5);
  }
  const Array& macro = file.tensors.at("out.macro");
  EXPECT_EQ(macro.dtype, DType::float64);
  EXPECT_GT(macro.data<double>()[0], 0.0);
  EXPECT_LE(macro.data<double>()[0], 1.0);
  EXPECT_THAT(file.tensors.at("in.logits").sizes, ElementsAre(40, 5));
}

/// A file of one tensor of one dimension.
std::string file_of(const std::string& type, std::size_t count, const std::string& data) {
  std::string header = host::concat(R"({"t":{"dtype":")", type, R"(","shape":[)", count,
                                    R"(],"data_offsets":[0,)", data.size(), "]}}");
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return std::string{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0} + header + data;
}

template <class T>
std::vector<T> read_as(DType dtype, const std::string& type, std::size_t count,
                       const std::string& data) {
  const TemporaryFolder folder;
  folder.write("f", file_of(type, count, data));
  const Array array = host::read_safetensors(folder.path("f")).tensors.at("t");
  EXPECT_EQ(array.dtype, dtype) << type;
  return {array.data<T>(), array.data<T>() + count};
}

TEST(Safetensors, TypesThatWeftDoesNotComputeWithBecomeWider) {
  using namespace std::string_literals;
  EXPECT_THAT(read_as<std::int32_t>(DType::int32, "I8", 3, "\x7f\x80\xff"s),
              ElementsAre(127, -128, -1));
  EXPECT_THAT(read_as<std::int32_t>(DType::int32, "I16", 2, "\xff\x7f\0\x80"s),
              ElementsAre(32767, -32768));
  EXPECT_THAT(read_as<std::int32_t>(DType::int32, "U16", 1, "\xff\xff"s), ElementsAre(65535));
  EXPECT_THAT(read_as<std::int64_t>(DType::int64, "U32", 1, "\xff\xff\xff\xff"s),
              ElementsAre(4294967295));
  EXPECT_THAT(read_as<std::int64_t>(DType::int64, "U64", 1, "\xff\xff\xff\xff\xff\xff\xff\x7f"s),
              ElementsAre(std::numeric_limits<std::int64_t>::max()));
}

/// The values that the specification of the formats lists (OCP OFP8 1.0, table 2).
TEST(Safetensors, FloatingPointOf8Bits) {
  const auto inf = std::numeric_limits<float>::infinity();
  const std::vector<float> wide = read_as<float>(
      DType::float32, "F8_E5M2", 8, std::string("\x3c\x7b\x7c\xfc\x04\x01\x03\x7f", 8));
  EXPECT_THAT(std::vector<float>(wide.begin(), wide.end() - 1),
              ElementsAre(1.F, 57344.F, inf, -inf, std::ldexp(1.F, -14), std::ldexp(1.F, -16),
                          std::ldexp(3.F, -16)));
  EXPECT_TRUE(std::isnan(wide.back()));
  const std::vector<float> fine =
      read_as<float>(DType::float32, "F8_E4M3", 7, std::string("\x38\x7e\xfe\x08\x01\x07\x7f", 7));
  EXPECT_THAT(std::vector<float>(fine.begin(), fine.end() - 1),
              ElementsAre(1.F, 448.F, -448.F, std::ldexp(1.F, -6), std::ldexp(1.F, -9),
                          std::ldexp(7.F, -9)));
  EXPECT_TRUE(std::isnan(fine.back()));
}

TEST(Safetensors, ATypeThatIsNotReadIsNamed) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& type, const std::string& data) {
    folder.write("f", file_of(type, 1, data));
    try {
      host::read_safetensors(folder.path("f"));
    } catch (const host::Error& error) {
      EXPECT_EQ(error.exit(), host::Exit::bad_checkpoint);
      return std::string(error.what());
    }
    return std::string("read");
  };
  EXPECT_EQ(refusal("F8_E8M0", "a"),
            folder.path("f") +
                ": tensor \"t\": its type F8_E8M0 is not read; Weft reads BOOL, U8, F16, BF16, "
                "I32, F32, F64, I64, I8, I16, U16, U32, U64, F8_E5M2 and F8_E4M3. Convert the "
                "tensor to one of them.");
  for (const char* type : {"F4", "F6_E2M3", "F6_E3M2", "C64", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}) {
    EXPECT_THAT(refusal(type, "a"), HasSubstr(host::concat("its type ", type, " is not read")));
  }
  EXPECT_THAT(refusal("Q4", "a"), HasSubstr("is not a sound safetensors file"));
  EXPECT_THAT(refusal("U64", std::string(8, '\xff')), HasSubstr("is above 2^63 - 1"));
}

/// A header of 250,000 tensors took half an hour when every tensor looked at all others.
TEST(Safetensors, ManyTensorsTakeTimeInProportion) {
  const TemporaryFolder folder;
  std::string header = "{";
  for (int i = 0; i < 250'000; ++i) {
    header += host::concat(i == 0 ? "" : ",", "\"t", i,
                           R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})");
  }
  header += "}";
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  folder.write("many", bytes + header);
  const std::clock_t begin = std::clock();
  EXPECT_EQ(host::read_safetensors(folder.path("many")).tensors.size(), 250'000U);
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 120) << "seconds of processor time";
}

TEST(Safetensors, EveryTensorIsAligned) {
  const TemporaryFolder folder;
  TensorFile file;
  file.tensors = {{"a", alternating(DType::boolean, {3})},
                  {"b", alternating(DType::float64, {1})},
                  {"c", alternating(DType::float16, {1})},
                  {"d", alternating(DType::int32, {1})}};
  host::write_safetensors(folder.path("f"), file);
  const std::string bytes = content(folder.path("f"));
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0);
  for (const char* span : {"[0,8]", "[8,12]", "[12,14]", "[14,17]"})
    EXPECT_THAT(bytes, HasSubstr(span));
}

TEST(Safetensors, TheDigestIsThatOfTheFile) {
  const TemporaryFolder folder;
  TensorFile file;
  file.tensors["a"] = alternating(DType::float32, {100});
  const host::FileDigest digest = host::write_safetensors(folder.path("f"), file);
  EXPECT_EQ(digest, host::digest_of(folder.path("f")));
  EXPECT_EQ(digest.bytes, std::filesystem::file_size(folder.path("f")));
}

TEST(Safetensors, AFullDiskLeavesTheOldFile) {
  const TemporaryFolder folder;
  folder.write("f", "old");
  TensorFile file;
  file.tensors["a"] = alternating(DType::float32, {1000});
  try {
    const FileLimit limit(1024);
    host::write_safetensors(folder.path("f"), file);
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::io);
    EXPECT_THAT(error.what(), HasSubstr("what was there before is untouched"));
  }
  EXPECT_EQ(content(folder.path("f")), "old");
  EXPECT_THAT(entries(folder.path("")), ElementsAre("f"));
}

}  // namespace
}  // namespace weft::test
