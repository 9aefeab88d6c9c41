// SPDX-License-Identifier: Apache-2.0
/// Plug-ins that were built when the ABI was released, by three toolchains, in today's host.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "host/checkpoint/safetensors.hpp"
#include "tests/golden/numbers.hpp"
#include "tests/support/component.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

// For results of another LibTorch or another processor, which add in another order.
constexpr double tolerance = 1e-5;

const std::string golden_folder = WEFT_SOURCE_DIR "/tests/golden/";

struct Snapshot {
  std::string abi, toolchain;
};

/// Each release with each of its toolchains.
std::vector<Snapshot> snapshots() {
  std::ifstream stream(WEFT_SOURCE_DIR "/sdk/abi/releases.json");
  const nlohmann::json json = nlohmann::json::parse(stream);
  std::vector<Snapshot> all;
  for (const auto& release : json.at("releases"))
    for (const auto& [toolchain, version] : release.at("toolchains").items())
      all.push_back({release.at("abi"), toolchain});
  return all;
}

std::vector<std::string> releases() {
  std::vector<std::string> versions;
  for (const Snapshot& one : snapshots())
    if (versions.empty() || versions.back() != one.abi) versions.push_back(one.abi);
  return versions;
}

Numbers recorded(const std::string& abi, const GoldenCase& golden) {
  return host::read_safetensors(golden_folder + abi + "/" + golden.kind + ".safetensors").tensors;
}

/// The recorded results among all recorded numbers.
Numbers results(const Numbers& recorded) {
  Numbers found;
  for (const auto& [name, array] : recorded)
    for (const char* prefix :
         {"out/", "count/", "gradient/", "value/", "step/", "after/", "written/"})
      if (name.starts_with(prefix)) found[name] = array;
  return found;
}

std::vector<std::string> names(const Numbers& numbers) {
  std::vector<std::string> all;
  for (const auto& [name, array] : numbers) all.push_back(name);
  return all;
}

std::string test_name(std::string text) {
  std::replace(text.begin(), text.end(), '.', '_');
  return "abi_" + text;
}

class Golden : public ::testing::TestWithParam<Snapshot> {
 protected:
  const std::string folder_ = golden_folder + GetParam().abi + "/" + GetParam().toolchain;
  const host::Registry parts_ = parts_in({folder_});
};

TEST_P(Golden, IsFoundForEachKind) {
  for (const host::Rejected& file : parts_.rejected())
    ADD_FAILURE() << file.file << ": " << file.reason;
  std::vector<std::string> ids, expected;
  for (const host::Part& part : parts_.parts()) ids.push_back(part.id);
  for (const GoldenCase& golden : golden_cases(GetParam().abi)) expected.push_back(golden.id);
  EXPECT_THAT(ids, ::testing::UnorderedElementsAreArray(expected));
}

TEST_P(Golden, ReproducesItsNumbers) {
  for (const GoldenCase& golden : golden_cases(GetParam().abi)) {
    SCOPED_TRACE(golden.id);
    const Numbers file = recorded(GetParam().abi, golden), expected = results(file);
    const Numbers actual = returned_for(golden, parts_, file);
    ASSERT_EQ(names(actual), names(expected));
    ASSERT_FALSE(expected.empty());
    for (const auto& [name, array] : expected)
      EXPECT_LE(relative_error(actual.at(name), array), tolerance) << name;
  }
}

TEST_P(Golden, DropsHalfInTrainingByTheCallsGenerator) {
  const GoldenCase golden = golden_cases(GetParam().abi).front();
  ASSERT_EQ(golden.kind, "encoder");
  const Numbers file = recorded(GetParam().abi, golden);
  Part part(parts_, golden.id, golden.config);
  const Arrays inputs{{"image", {file.at("in/image/0")}}};
  const Array kept = part.run(inputs).at("tokens");
  const Array one = part.run(inputs, true, 1).at("tokens");
  const Array again = part.run(inputs, true, 1).at("tokens");
  const Array other = part.run(inputs, true, 2).at("tokens");
  int dropped = 0, moved = 0;
  for (std::int64_t i = 0; i < kept.count(); ++i) {
    EXPECT_EQ(element(one, i), element(again, i));
    moved += element(one, i) != element(other, i);
    dropped += element(one, i) == 0.0;
    EXPECT_NEAR(element(one, i), element(one, i) == 0.0 ? 0.0 : 2.0 * element(kept, i), 1e-5);
  }
  EXPECT_GT(moved, 0);
  EXPECT_GT(dropped, 0);
  EXPECT_LT(dropped, kept.count());
}

INSTANTIATE_TEST_SUITE_P(Releases, Golden, ::testing::ValuesIn(snapshots()), [](const auto& one) {
  return test_name(one.param.abi + "_" + one.param.toolchain);
});

class Release : public ::testing::TestWithParam<std::string> {};

TEST_P(Release, ItsToolchainsAgree) {
  const host::Registry gcc = parts_in({golden_folder + GetParam() + "/gcc"});
  for (const auto& [abi, toolchain] : snapshots()) {
    if (abi != GetParam()) continue;
    const host::Registry parts = parts_in({golden_folder + abi + "/" + toolchain});
    for (const GoldenCase& golden : golden_cases(abi)) {
      const Numbers file = recorded(GetParam(), golden);
      EXPECT_LE(difference(returned_for(golden, parts, file), returned_for(golden, gcc, file)),
                agreement)
          << golden.id << ", " << toolchain;
    }
  }
}

/// The recorded numbers would show it if a part overlooked any of what it is given.
TEST_P(Release, EveryGivenNumberMatters) {
  const host::Registry parts = parts_in({golden_folder + GetParam() + "/gcc"});
  for (const GoldenCase& golden : golden_cases(GetParam())) {
    const Numbers file = recorded(GetParam(), golden), expected = results(file);
    for (const auto& [name, array] : file) {
      if (expected.count(name) != 0) continue;
      Numbers changed = file;
      Array& other = changed[name] = Array::empty(array.dtype, array.sizes);
      std::copy_n(array.bytes.get(), array.byte_count(), other.bytes.get());
      if (array.dtype == DType::float32)
        other.data<float>()[0] += 1.0f;
      else if (array.dtype == DType::uint8)
        other.data<std::uint8_t>()[0] += 64;
      else if (array.dtype == DType::boolean)
        other.data<bool>()[1] = false;
      else
        other.data<std::int64_t>()[1] += 1;
      EXPECT_GT(difference(returned_for(golden, parts, changed), expected), 10 * tolerance)
          << golden.id << ": " << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Releases, Release, ::testing::ValuesIn(releases()),
                         [](const auto& one) { return test_name(one.param); });

}  // namespace
}  // namespace weft::test
