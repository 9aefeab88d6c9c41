// SPDX-License-Identifier: Apache-2.0
/// Creating and calling components, and what is said when they fail.
#include "host/registry/instance.hpp"

#include <gmock/gmock.h>

#include "host/base/text.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

using testing::ElementsAre;

class InstanceTest : public testing::Test {
 protected:
  Instance make(const std::string& order, const std::map<std::string, std::uint32_t>& wired = {}) {
    return Instance(registry_->find("fusion.obedient"), "fusion", order, wired);
  }

  /// The sentence with which `work` fails, and its exit code behind a bar.
  template <class Work>
  static std::string complaint(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      return concat(error.what(), " | ", static_cast<int>(error.exit()));
    }
    return "no complaint";
  }

  std::string complaint_of_create(const std::string& order) {
    return complaint([&] { make(order); });
  }

  /// Calls with one input tensor; what stands in out[0] afterwards.
  weft_tensor call(Instance& instance, std::uint32_t role = WEFT_ROLE_FORWARD) {
    const std::uint32_t counts[] = {1, 0};
    weft_tensor out = nullptr;
    weft_call arguments{};
    arguments.size = sizeof arguments;
    arguments.role = role;
    arguments.n_in = 1;
    arguments.in = &tensor_;
    arguments.in_count = counts;
    arguments.out = &out;
    instance.call(arguments);
    return out;
  }

  int target_ = 0;
  weft_tensor tensor_ = reinterpret_cast<weft_tensor>(&target_);
  test::Folder folder_;
  std::filesystem::path file_ = folder_.add("obedient");
  std::optional<Registry> registry_{std::in_place, std::vector{folder_.path()}};
  test::Log log_;
};

TEST_F(InstanceTest, TellsWhatWasDeclared) {
  Instance instance = make("", {{"streams", 3}});
  EXPECT_EQ(log_.lines.front(), "streams: 3");
  ASSERT_EQ(instance.inputs().size(), 2u);
  const Port& streams = instance.inputs()[0];
  EXPECT_EQ(streams.name, "streams");
  EXPECT_EQ(streams.shape, "[B, N*, D]");
  EXPECT_EQ(streams.doc, "What to fuse.");
  EXPECT_TRUE(streams.list && !streams.optional && !streams.output);
  EXPECT_EQ(streams.dtypes, WEFT_DTYPES_FLOAT);
  EXPECT_EQ(instance.inputs()[1].mask_of, "streams");
  EXPECT_TRUE(instance.inputs()[1].optional);
  ASSERT_EQ(instance.outputs().size(), 1u);
  EXPECT_TRUE(instance.outputs()[0].output);
  ASSERT_EQ(instance.parameters().size(), 1u);
  const ParameterDecl& weight = instance.parameters()[0];
  EXPECT_EQ(weight.name, "layer.weight");
  EXPECT_THAT(weight.sizes, ElementsAre(64, 3));
  EXPECT_EQ(weight.init, WEFT_INIT_NORMAL);
  EXPECT_EQ(weight.b, 0.02);
  EXPECT_EQ(weight.flags, WEFT_PARAMETER_NO_DECAY);
  ASSERT_EQ(instance.buffers().size(), 1u);
  EXPECT_EQ(instance.buffers()[0].dtype, WEFT_DTYPE_INT64);
  EXPECT_TRUE(instance.states().empty());
  EXPECT_THAT(instance.sizes(), ElementsAre(testing::Pair("D", 64)));
  EXPECT_EQ(instance.traits(), WEFT_COUPLES_SAMPLES);
}

TEST_F(InstanceTest, PassesOnWhyTheConfigurationIsRefused) {
  EXPECT_EQ(complaint_of_create("create: refuse"),
            "fusion (fusion.obedient 2.0.1): 7 must divide dim 256 | 78");
  EXPECT_EQ(
      complaint_of_create("create: say nothing"),
      "fusion (fusion.obedient 2.0.1): it failed without giving a reason (status 6: it is not "
      "supported) | 78");
}

TEST_F(InstanceTest, CatchesWhatCreateThrows) {
  EXPECT_EQ(
      complaint_of_create("create: throw"),
      "fusion (fusion.obedient 2.0.1): an exception crossed the plug-in border: no guard | 70");
  EXPECT_EQ(complaint_of_create("create: throw int"),
            "fusion (fusion.obedient 2.0.1): an exception crossed the plug-in border | 70");
}

TEST_F(InstanceTest, RefusesMalformedDeclarationsEvenIfThePluginDoesNot) {
  EXPECT_EQ(complaint_of_create("create: ignore a refusal"),
            "fusion (fusion.obedient 2.0.1): size \"D\" is declared as 64 and as 65 | 70");
  EXPECT_EQ(log_.lines.back(), "destroy") << "what was created is destroyed";
  EXPECT_EQ(complaint_of_create("create: declare nothing"),
            "fusion (fusion.obedient 2.0.1): there is no output port | 70");
}

TEST_F(InstanceTest, Infers) {
  weft_spec out{WEFT_DTYPE_FLOAT32, 3, {2, -1, 64}};
  make("").infer(nullptr, nullptr, &out);
  EXPECT_EQ(out.sizes[1], 5);
  EXPECT_EQ(complaint([&] { make("infer: refuse").infer(nullptr, nullptr, &out); }),
            "fusion (fusion.obedient 2.0.1): the streams differ in length | 78");
  EXPECT_EQ(complaint([&] { make("infer: nonsense").infer(nullptr, nullptr, &out); }),
            "fusion (fusion.obedient 2.0.1): infer wrote nonsense for output \"tokens\" | 70");
}

TEST_F(InstanceTest, Calls) {
  Instance instance = make("");
  EXPECT_EQ(call(instance), tensor_);
}

TEST_F(InstanceTest, KeepsTheChainOfErrors) {
  Instance chain = make("call: chain");
  EXPECT_EQ(complaint([&] { call(chain); }),
            "fusion (fusion.obedient 2.0.1): while projecting: mat1 and mat2 shapes cannot be "
            "multiplied (2x3 and 4x5) | 70");
  Instance thrower = make("call: throw");
  EXPECT_EQ(
      complaint([&] { call(thrower); }),
      "fusion (fusion.obedient 2.0.1): an exception crossed the plug-in border: index 9 | 70");
}

TEST_F(InstanceTest, RefusesDeclarationsAfterCreate) {
  Instance instance = make("call: declare");
  EXPECT_EQ(complaint([&] { call(instance); }),
            "fusion (fusion.obedient 2.0.1): declarations are possible only within create() | 70");
}

TEST_F(InstanceTest, DemandsTheOutputsOfTheRole) {
  Instance instance = make("call: write nothing");
  EXPECT_EQ(complaint([&] { call(instance); }),
            "fusion (fusion.obedient 2.0.1): it wrote no tensor to output \"tokens\" | 70");
  EXPECT_EQ(call(instance, WEFT_ROLE_UPDATE), nullptr);
  EXPECT_EQ(call(instance, WEFT_ROLE_COUNT), nullptr);
}

TEST_F(InstanceTest, OffersItsExtensions) {
  Instance instance = make("");
  ASSERT_NE(instance.extension("weft.x.seven/1"), nullptr);
  EXPECT_EQ(*static_cast<const int*>(instance.extension("weft.x.seven/1")), 7);
  EXPECT_EQ(instance.extension("weft.unknown/1"), nullptr);
}

TEST_F(InstanceTest, DestroysOnceAndHoldsTheLibrary) {
  {
    Instance first = make("");
    Instance second = std::move(first);
    registry_.reset();
    EXPECT_EQ(second.library()->library->file(), file_);
    EXPECT_EQ(call(second), tensor_);
    EXPECT_TRUE(test::is_mapped(file_));
  }
  EXPECT_EQ(std::count(log_.lines.begin(), log_.lines.end(), "destroy"), 1);
  EXPECT_FALSE(test::is_mapped(file_));
}

}  // namespace
}  // namespace weft::host
