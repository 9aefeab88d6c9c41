// SPDX-License-Identifier: Apache-2.0
/// Damaged and hostile safetensors files.

#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>

#include "host/base/error.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

/// The length's eight bytes, the header and `data` bytes of zeros.
std::string file_of(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + std::string(data, '\0');
}

/// What the error says is wrong with the file; its frame is checked here.
std::string problem_in(const std::string& path) {
  try {
    host::read_safetensors(path);
    return "nothing";
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::bad_checkpoint);
    const std::string text = error.what();
    const std::string head = path + " is not a sound safetensors file: ";
    const std::string tail = ". Copy the file again from its source, or make it anew.";
    EXPECT_TRUE(text.starts_with(head) && text.ends_with(tail)) << text;
    return text.substr(head.size(), text.size() - head.size() - tail.size());
  }
}

std::string problem_of(const std::string& bytes) {
  const TemporaryFolder folder;
  return problem_in(folder.write("f.safetensors", bytes));
}

/// A header with one tensor "a".
std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

TEST(SafetensorsFault, TheGoodFileThatTheOthersDifferFrom) {
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[2]", "[0,8]"), 8)), "nothing");
}

TEST(SafetensorsFault, Truncated) {
  EXPECT_EQ(problem_of(""), "expected at least 8 bytes, found 0");
  EXPECT_EQ(problem_of(std::string(7, '\0')), "expected at least 8 bytes, found 7");
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[2]", "[0,8]"), 8).substr(0, 30)),
            "expected a header of at most 22 bytes, found 54");
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[2]", "[0,8]"), 7)),
            "tensor \"a\": data_offsets: expected a span of bytes within the 7 after the header, "
            "found [0, 8]");
}

TEST(SafetensorsFault, HeaderTooLong) {
  EXPECT_EQ(problem_of(std::string(8, '\xff') + "{}"),
            "expected a header of at most 2 bytes, found 18446744073709551615");
  const TemporaryFolder folder;
  const std::uint64_t length = 100'000'001;
  const std::string path = folder.write(
      "long", std::string(reinterpret_cast<const char*>(&length), sizeof length) + "{}");
  std::filesystem::resize_file(path, length + 8);  // takes no room on the disk
  EXPECT_EQ(problem_in(path), "expected a header of at most 100000000 bytes, found 100000001");
}

TEST(SafetensorsFault, NoObject) {
  EXPECT_EQ(problem_of(file_of("[]", 0)), "expected a header that begins with {");
  EXPECT_EQ(problem_of(file_of("", 0)), "expected a header that begins with {");
  EXPECT_EQ(problem_of(file_of("{\"a\":", 0)), "the header: it is not JSON from byte 6 on");
  EXPECT_EQ(problem_of(file_of("{}{}", 0)), "the header: it is not JSON from byte 3 on");
}

TEST(SafetensorsFault, Overlap) {
  EXPECT_EQ(problem_of(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                               R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                               12)),
            "tensor \"b\": expected its bytes to begin at 8, where the one before ends; found 4 "
            "(they overlap)");
}

TEST(SafetensorsFault, Hole) {
  EXPECT_EQ(problem_of(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                               12)),
            "tensor \"b\": expected its bytes to begin at 4, where the one before ends; found 8 "
            "(a hole)");
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[2]", "[1,9]"), 9)),
            "tensor \"a\": expected its bytes to begin at 0, where the one before ends; found 1 "
            "(a hole)");
}

TEST(SafetensorsFault, TrailingBytes) {
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[2]", "[0,8]"), 9)),
            "expected 8 bytes after the header, found 9");
  EXPECT_EQ(problem_of(file_of("{}", 1)), "expected 0 bytes after the header, found 1");
}

TEST(SafetensorsFault, DuplicateKey) {
  EXPECT_EQ(problem_of(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                               R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                               1)),
            "the header: the key \"a\" is given twice");
}

TEST(SafetensorsFault, UnknownElementType) {
  EXPECT_EQ(problem_of(file_of(tensor("F8_E4M2", "[2]", "[0,2]"), 2)),
            "tensor \"a\": dtype: expected one of BOOL, U8, F16, BF16, I32, F32, F64, I64, I8, "
            "I16, U16, U32, U64, F8_E5M2 and F8_E4M3, "
            "found \"F8_E4M2\"");
}

TEST(SafetensorsFault, ShapeBeyondMemory) {
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[4294967296,4294967296]", "[0,0]"), 0)),
            "tensor \"a\": shape: [4294967296, 4294967296] is larger than any memory");
  EXPECT_EQ(problem_of(file_of(tensor("F64", "[2305843009213693952]", "[0,0]"), 0)),
            "tensor \"a\": shape: [2305843009213693952] is larger than any memory");
  EXPECT_EQ(problem_of(file_of(tensor("U8", "[9223372036854775808]", "[0,0]"), 0)),
            "tensor \"a\": shape: expected sizes below 2^63, found 9223372036854775808");
}

TEST(SafetensorsFault, ShapeAndOffsetsDisagree) {
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[3]", "[0,8]"), 8)),
            "tensor \"a\": shape [3] of F32: expected 12 bytes, found 8");
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[2]", "[8,0]"), 8)),
            "tensor \"a\": data_offsets: expected a span of bytes within the 8 after the header, "
            "found [8, 0]");
  EXPECT_EQ(problem_of(file_of(tensor("F32", "[2]", "[0]"), 8)),
            "tensor \"a\": data_offsets: expected 2 numbers, found 1");
}

TEST(SafetensorsFault, NumbersThatAreNone) {
  for (const char* odd : {"-1", "1.5", "null", "\"0\""}) {
    const std::string problem =
        problem_of(file_of(tensor("F32", "[2]", "[" + std::string(odd) + ",8]"), 8));
    EXPECT_THAT(problem,
                ::testing::StartsWith("tensor \"a\": data_offsets: expected whole numbers from 0 "
                                      "to 2^64 - 1, found "));
  }
  EXPECT_EQ(problem_of(file_of(tensor("F32", "2", "[0,8]"), 8)),
            "tensor \"a\": shape: expected a list of numbers, found number");
}

TEST(SafetensorsFault, FieldsMissingOrTooMany) {
  const std::string problem =
      "tensor \"a\": expected an object of dtype, shape and data_offsets, no more";
  EXPECT_EQ(problem_of(file_of(R"({"a":{"dtype":"U8","shape":[1]}})", 1)), problem);
  EXPECT_EQ(
      problem_of(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1)),
      problem);
  EXPECT_EQ(problem_of(file_of(R"({"a":7})", 1)), problem);
}

TEST(SafetensorsFault, ABoolThatIsNeitherTrueNorFalse) {
  std::string bytes = file_of(tensor("BOOL", "[2]", "[0,2]"), 2);
  bytes.back() = 2;
  EXPECT_EQ(problem_of(bytes), "tensor \"a\": element 1: expected 0 or 1 for a BOOL, found 2");
}

TEST(SafetensorsFault, MetadataThatIsNoText) {
  EXPECT_EQ(problem_of(file_of(R"({"__metadata__":{"k":1}})", 0)),
            "__metadata__: \"k\": expected a text, found number");
  EXPECT_EQ(problem_of(file_of(R"({"__metadata__":[]})", 0)),
            "__metadata__: expected an object of texts");
}

TEST(SafetensorsFault, NoFile) {
  try {
    host::read_safetensors("/nowhere/a.safetensors");
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::no_input);
    EXPECT_STREQ(
        error.what(),
        "/nowhere/a.safetensors cannot be opened: No such file or directory. Check the path.");
  }
}

}  // namespace
}  // namespace weft::test
