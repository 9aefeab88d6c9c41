// SPDX-License-Identifier: Apache-2.0
#include "host/graph/index_fault.hpp"

#include <gmock/gmock.h>

#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Error;
using host::Exit;
using host::Tensor;
using testing::HasSubstr;

/// The decoder of the answering recipe, whose vocabulary has 64 tokens, called with `tokens`
/// [2, 6].
class IndexFault : public testing::Test {
 protected:
  IndexFault() : model(wire(read_text(answering_recipe())), 1) {}

  const host::Node& node() const { return model.wiring().nodes()[answer()]; }
  std::size_t answer() const { return model.wiring().index("answer"); }

  host::InputTensors inputs(const std::vector<std::int64_t>& tokens) const {
    host::InputTensors all(node().inputs.size());
    for (std::size_t p = 0; p < all.size(); ++p)
      for (const host::InputSource& source : node().inputs[p]) {
        const bool is_target =
            source.from == host::InputSource::From::batch && source.field == "answer";
        const bool is_batch = source.from == host::InputSource::From::batch;
        all[p].push_back(
            is_target  ? from_array(host::Array::of(tokens, {2, 6}))
            : is_batch ? Tensor()
                       : from_array(host::Array::of(std::vector<float>(2 * 17 * 16), {2, 17, 16})));
      }
    return all;
  }

  /// What the call with one of 12 tokens changed says.
  std::pair<Exit, std::string> said(std::size_t at, std::int64_t token) const {
    std::vector<std::int64_t> tokens(12, 5);
    tokens[at] = token;
    try {
      model.call(answer(), WEFT_ROLE_FORWARD, inputs(tokens), {});
    } catch (const Error& error) {
      return {error.exit(), error.what()};
    }
    return {Exit::ok, ""};
  }

  host::Model model;
};

TEST_F(IndexFault, ATokenThatIsTooLargeIsTheRecipes) {
  EXPECT_EQ(said(3, 63), std::pair(Exit::ok, std::string()));
  EXPECT_EQ(said(8, 64),
            std::pair(Exit::bad_recipe,
                      std::string("/graph/answer/in/target: the field \"answer\" holds 64 in row 1 "
                                  "of the batch, but \"answer\" (decoder.autoregressive) takes "
                                  "from 0 to 63. Give the part as many classes or tokens as the "
                                  "field has.")));
}

TEST_F(IndexFault, ANegativeOneIsTheDatas) {
  EXPECT_EQ(said(3, -1),
            std::pair(Exit::bad_data,
                      std::string("/graph/answer/in/target: the field \"answer\" holds -1 in row 0 "
                                  "of the batch, but \"answer\" (decoder.autoregressive) takes "
                                  "from 0 to 63. Correct the data.")));
}

TEST_F(IndexFault, EachOperationThatLooksUpIsKnown) {
  const host::InputTensors given = inputs(std::vector<std::int64_t>(12, 9));
  for (const char* text :
       {"aten::embedding(weight float32[9, 16], indices int64[2, 6]): index out of range in self",
        "aten::index_select(self float32[9, 16], 0, int64[12]): index out of range in self",
        "index 9 is out of bounds for dimension 0 with size 9",
        "the target 9 is none of the 9 classes"}) {
    const auto fault = index_fault(node(), given, text);
    ASSERT_TRUE(fault) << text;
    EXPECT_THAT(fault->what(), HasSubstr("holds 9 in row 0 of the batch")) << text;
  }
}

TEST_F(IndexFault, OtherFaultsStayThePlugins) {
  const host::InputTensors given = inputs(std::vector<std::int64_t>(12, 9));
  EXPECT_FALSE(index_fault(node(), given, "out of memory"));
  // All of the batch is in range: the part itself made the index.
  EXPECT_FALSE(
      index_fault(node(), given, "index 77 is out of bounds for dimension 0 with size 10"));
}

}  // namespace
}  // namespace weft::test
