// SPDX-License-Identifier: Apache-2.0
/// Every rule for declarations, with its sentence.
#include "host/registry/declarations.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <stdexcept>

namespace weft::host {
namespace {

using testing::ElementsAre;

template <class Work>
std::string refusal(Work&& work) {
  try {
    work();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

weft_port port(const char* name, const char* shape, std::uint32_t flags = 0,
               std::uint32_t direction = WEFT_PORT_INPUT) {
  return {sizeof(weft_port), direction, flags, WEFT_DTYPES_FLOAT, name, shape, nullptr, nullptr};
}

weft_port mask(const char* name, const char* of, std::uint32_t flags = 0) {
  return {sizeof(weft_port), WEFT_PORT_INPUT, flags, WEFT_DTYPES_BOOL, name, "[B, N]", nullptr, of};
}

weft_parameter parameter(const char* name) {
  return {sizeof(weft_parameter), 0, name, nullptr, 0, 0, WEFT_INIT_ZEROS, 0, 0, 0, 0, 0};
}

weft_state state(const char* name) {
  return {sizeof(weft_state), WEFT_MERGE_SUM, name, nullptr, 0, WEFT_DTYPE_FLOAT64, 0};
}

std::string refusal_of(const weft_port& declared) {
  Declarations all;
  return refusal([&] { all.add_port(declared); });
}

std::string refusal_of(const weft_parameter& declared) {
  Declarations all;
  return refusal([&] { all.add_parameter(declared, all.parameters); });
}

std::string refusal_of(const weft_state& declared) {
  Declarations all;
  return refusal([&] { all.add_state(declared); });
}

TEST(Shape, Grammar) {
  EXPECT_THAT(parse_shape("[B, N*, D]")->axes, ElementsAre("B", "N*", "D"));
  EXPECT_THAT(parse_shape("[ ...,V ]")->axes, ElementsAre("V"));
  EXPECT_TRUE(parse_shape("[...,V]")->leading);
  EXPECT_THAT(parse_shape("[3, 224, T_out]")->axes, ElementsAre("3", "224", "T_out"));
  EXPECT_TRUE(parse_shape("[]")->axes.empty());
  EXPECT_FALSE(parse_shape("[]")->leading);
  for (const char* bad : {"", "B, N", "[B", "[B,]", "[,B]", "[B N]", "[B, ...]", "[-1]", "[2x]",
                          "[*]", "[3*]", "[B**]", "[B]]", "[", "[12345678901234567890]"})
    EXPECT_FALSE(parse_shape(bad).has_value()) << bad;
}

TEST(Declarations, RefuseMalformedPorts) {
  EXPECT_EQ(refusal_of(port("ok.1_a", "[B]")), "accepted");
  EXPECT_EQ(refusal_of(port(nullptr, "[B]")), "a port has no name");
  EXPECT_EQ(refusal_of(port("Streams", "[B]")),
            "port \"Streams\": a name is made of a-z, 0-9, _ and dots");
  EXPECT_EQ(
      refusal_of(port("x", "[B, N")),
      "port \"x\": \"[B, N\" is no shape; expected a form such as \"[B, N, D]\" or \"[..., 4]\"");
  EXPECT_EQ(refusal_of(port("x", "[A,B,C,D,E,F,G,H,I]")),
            "port \"x\" has 9 dimensions; at most 8 are possible");
  EXPECT_EQ(refusal_of(port("x", "[B, N*]")), "port \"x\": \"N*\" may stand only in a list port");
  EXPECT_EQ(refusal_of(port("x", "[B]", 8)), "port \"x\": unknown flags 8");
  EXPECT_EQ(refusal_of(port("x", "[B]", 0, 2)), "port \"x\": unknown direction 2");
  EXPECT_EQ(refusal_of(port("x", "[B]", WEFT_PORT_LIST, WEFT_PORT_OUTPUT)),
            "port \"x\": an output is neither optional nor a list");
  EXPECT_EQ(refusal_of(port("x", "[B]", WEFT_PORT_ON_DEMAND)),
            "port \"x\": only an output is computed on demand");
  weft_port typed = port("x", "[B]");
  typed.dtypes = 0x400;
  EXPECT_EQ(refusal_of(typed), "port \"x\": 1024 is no set of element types");
  weft_port cut = port("x", "[B]");
  cut.size = 12;
  EXPECT_EQ(refusal_of(cut), "a weft_port is only 12 bytes long");
}

TEST(Declarations, KeepNamesUnique) {
  Declarations all;
  std::uint32_t seen = 0;
  all.add_port(port("x", "[B]"));
  all.add_port(port("x", "[B]", 0, WEFT_PORT_OUTPUT));  // the other direction is another name space
  EXPECT_EQ(refusal([&] { all.add_port(port("x", "[B]")); }),
            "port \"x\": there are two inputs of this name");
  EXPECT_EQ(all.add_parameter(parameter("w"), all.parameters), seen++);
  EXPECT_EQ(all.add_parameter(parameter("v"), all.parameters), seen++);
  EXPECT_EQ(refusal([&] { all.add_parameter(parameter("w"), all.buffers); }),
            "buffer \"w\": there are two parameters or buffers of this name");
  all.add_state(state("sum"));
  EXPECT_EQ(refusal([&] { all.add_state(state("sum")); }),
            "state \"sum\": there are two states of this name");
}

TEST(Declarations, RefuseMalformedParameters) {
  const std::int64_t sizes[9] = {2, -3, 1, 1, 1, 1, 1, 1, 1};
  weft_parameter p = parameter("w");
  p.sizes = sizes;
  p.ndim = 2;
  EXPECT_EQ(refusal_of(p), "parameter \"w\" has a negative size: [2, -3]");
  p.ndim = 9;
  EXPECT_EQ(refusal_of(p), "parameter \"w\" has 9 dimensions; at most 8 are possible");
  p.sizes = nullptr;
  p.ndim = 1;
  EXPECT_EQ(refusal_of(p), "parameter \"w\" has dimensions but no sizes");
  p = parameter("w");
  p.init = 77;
  EXPECT_EQ(refusal_of(p), "parameter \"w\": unknown initialisation 77");
  p = parameter("w");
  p.dtype = 9;
  EXPECT_EQ(refusal_of(p), "parameter \"w\": unknown element type 9");
  p = parameter("w");
  p.flags = 2;
  EXPECT_EQ(refusal_of(p), "parameter \"w\": unknown flags 2");
  p = parameter("w");
  p.b = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal_of(p), "parameter \"w\": the numbers of its initialisation must be finite");
}

TEST(Declarations, RefuseMalformedStatesSizesAndTraits) {
  weft_state s = state("n");
  s.merge = 4;
  EXPECT_EQ(refusal_of(s), "state \"n\": unknown merge rule 4");
  s = state("n");
  s.dtype = 0;
  EXPECT_EQ(refusal_of(s), "state \"n\": its element type must be float64 or int64, found code 0");
  s = state("n");
  s.merge = WEFT_MERGE_CONCAT;
  EXPECT_EQ(refusal_of(s), "state \"n\": a scalar has no first axis to concatenate along");
  Declarations all;
  EXPECT_EQ(refusal([&] { all.add_size("3D", 4); }), "size \"3D\" is no symbol of a shape");
  EXPECT_EQ(refusal([&] { all.add_size("D", 0); }), "size \"D\" is 0; it must be at least 1");
  EXPECT_EQ(refusal([&] { all.add_traits(6); }), "unknown traits 6");
}

TEST(Declarations, KnowWhatMayBeOnDemand) {
  weft_port mask = port("real", "[B]", 0, WEFT_PORT_OUTPUT);
  mask.dtypes = WEFT_DTYPES_BOOL;
  mask.mask_of = "map";
  Declarations all;
  all.add_port(port("map", "[B]", WEFT_PORT_ON_DEMAND, WEFT_PORT_OUTPUT));
  EXPECT_TRUE(all.outputs.at(0).on_demand);
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_ENCODER); }), "accepted");
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_METRIC); }),
            "output \"map\" is always computed: it cannot be on demand");
  all.add_port(mask);
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_ENCODER); }),
            "port \"real\" and \"map\", whose mask it is, must both be on demand or neither");
  Declarations loss;
  loss.add_port(port("loss", "[]", WEFT_PORT_ON_DEMAND, WEFT_PORT_OUTPUT));
  loss.add_port(port("weight", "[]", 0, WEFT_PORT_OUTPUT));
  EXPECT_EQ(refusal([&] { loss.check_complete(WEFT_KIND_LOSS); }),
            "output \"loss\" is always computed: it cannot be on demand");
}

/// The refusal of check_complete() with these inputs and one output.
std::string refusal_of_inputs(std::initializer_list<weft_port> inputs) {
  Declarations all;
  all.add_port(port("y", "[B]", 0, WEFT_PORT_OUTPUT));
  for (const weft_port& input : inputs) all.add_port(input);
  return refusal([&] { all.check_complete(WEFT_KIND_FUSION); });
}

TEST(Declarations, MasksBelongToAPortOfTheirKind) {
  EXPECT_EQ(refusal_of_inputs({mask("m", "x"), port("x", "[B, N, D]")}), "accepted");
  EXPECT_EQ(refusal_of_inputs({mask("m", "x")}),
            "port \"m\" is the mask of \"x\", which is no other port of its direction");
  EXPECT_EQ(refusal_of_inputs({mask("m", "m")}),
            "port \"m\" is the mask of \"m\", which is no other port of its direction");
  EXPECT_EQ(refusal_of_inputs({mask("m", "x"), port("x", "[B, N*]", WEFT_PORT_LIST)}),
            "port \"m\" and \"x\", whose mask it is, must both be lists or neither");
  weft_port numbers = mask("m", "x");
  numbers.dtypes = WEFT_DTYPES_FLOAT;
  EXPECT_EQ(refusal_of_inputs({numbers, port("x", "[B]")}),
            "port \"m\" is a mask, so its only type must be bool");
}

TEST(Declarations, KindsHaveTheirDemands) {
  Declarations all;
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_FUSION); }), "there is no output port");
  all.add_port(port("loss", "[]", 0, WEFT_PORT_OUTPUT));
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_LOSS); }),
            "a loss needs the output ports \"loss\" and \"weight\"");
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_METRIC); }),
            "a metric needs at least one state");
  all.add_port(port("weight", "[]", 0, WEFT_PORT_OUTPUT));
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_LOSS); }), "accepted");
  all.add_state(state("n"));
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_METRIC); }), "accepted");
  EXPECT_EQ(refusal([&] { all.check_complete(WEFT_KIND_LOSS); }),
            "state \"n\": the part has no buffer that it could become after a step");
}

TEST(Declarations, AreCounted) {
  Declarations all;
  for (std::size_t i = 0; i < k_most_declarations; ++i) {
    const std::string name = "p" + std::to_string(i);
    all.add_parameter(parameter(name.c_str()), i % 2 == 0 ? all.parameters : all.buffers);
  }
  EXPECT_EQ(all.parameters.size() + all.buffers.size(), k_most_declarations);
  EXPECT_THROW(all.add_parameter(parameter("more"), all.parameters), OutOfRange);
  EXPECT_THROW(all.add_state(state("more")), OutOfRange);
  EXPECT_EQ(all.parameters.size() + all.buffers.size(), k_most_declarations);
}

}  // namespace
}  // namespace weft::host
