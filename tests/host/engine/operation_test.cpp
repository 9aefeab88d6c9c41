// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "host/engine/runtime.hpp"
#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

class OperationTest : public EngineTest {
 protected:
  /// What lookup says to a signature; "" if it accepts it.
  std::string lookup_refusal(const char* name, const char* overload, const char* schema,
                             weft_status expected) {
    weft_op op = nullptr;
    EXPECT_EQ(op_.lookup(name, overload, schema, &op), expected);
    EXPECT_EQ(op == nullptr, expected != WEFT_OK);
    return expected == WEFT_OK ? "" : error_record().text;
  }

  const Tensor x_ = floats({1, 2, 3, 4, 5, 6}, {2, 3});
};

TEST_F(OperationTest, LookupGivesTheSameOperationEachTime) {
  EXPECT_EQ(find_op("aten::softmax", "int"), find_op("aten::softmax", "int"));
  EXPECT_NE(find_op("aten::softmax", "int"), find_op("aten::relu"));
}

TEST_F(OperationTest, LookupFromSeveralThreadsAgrees) {
  std::vector<weft_op> found(8, nullptr);
  std::vector<std::thread> threads;
  for (weft_op& op : found)
    threads.emplace_back([&op] { op_api()->lookup("aten::erf", "", nullptr, &op); });
  for (std::thread& thread : threads) thread.join();
  for (weft_op op : found) EXPECT_EQ(op, find_op("aten::erf"));
}

TEST_F(OperationTest, UnknownNamesAreRefusedWithTheNearest) {
  EXPECT_EQ(lookup_refusal("aten::sofmax", "int", nullptr, WEFT_NOT_FOUND),
            "LibTorch " WEFT_TORCH_VERSION
            " has no operation aten::sofmax.int. Did you mean aten::softmax?");
  EXPECT_EQ(lookup_refusal("aten::softmax", "", nullptr, WEFT_NOT_FOUND),
            "LibTorch " WEFT_TORCH_VERSION
            " has no operation aten::softmax. Its overloads are \"Dimname\", "
            "\"int\" and \"int_out\".");
  EXPECT_EQ(lookup_refusal(nullptr, "", nullptr, WEFT_INVALID),
            "op.lookup: name, overload or out is null");
}

TEST_F(OperationTest, PartsDoNotSpeakWithOtherProcesses) {
  for (const std::string name :
       {"c10d::allreduce_", "_c10d_functional::all_reduce",
        "_c10d_functional_autograd::all_to_all_single", "symm_mem::one_shot_all_reduce"})
    EXPECT_EQ(lookup_refusal(name.c_str(), "", nullptr, WEFT_UNSUPPORTED),
              name +
                  " speaks with other processes, which is the host's part. A part that compares "
                  "all rows of a step declares WEFT_COUPLES_SAMPLES.");
}

TEST_F(OperationTest, SignaturesThatStillHoldAreAccepted) {
  // As written today, with the namespace, and from before `dtype` was added.
  for (const char* schema :
       {"softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
        "aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
        "softmax.int(Tensor self, int dim) -> Tensor"})
    EXPECT_EQ(lookup_refusal("aten::softmax", "int", schema, WEFT_OK), "");
}

TEST_F(OperationTest, SignaturesThatNoLongerHoldAreRefused) {
  EXPECT_EQ(lookup_refusal("aten::softmax", "int", "softmax.int(Tensor self, int axis) -> Tensor",
                           WEFT_UNSUPPORTED),
            "aten::softmax.int: the plug-in expects aten::softmax.int(Tensor self, int axis) -> "
            "Tensor, LibTorch " WEFT_TORCH_VERSION
            " has aten::softmax.int(Tensor self, int dim, ScalarType? "
            "dtype=None) -> Tensor. Use a plug-in built for this Weft.");
  lookup_refusal("aten::softmax", "int",
                 "softmax.int(Tensor self, int dim, ScalarType? dtype=None, int new=1) -> Tensor",
                 WEFT_UNSUPPORTED);
  lookup_refusal("aten::softmax", "int", "relu(Tensor self) -> Tensor", WEFT_UNSUPPORTED);
  EXPECT_EQ(lookup_refusal("aten::relu", "", "relu(Tensor", WEFT_INVALID),
            "aten::relu: cannot read the signature \"relu(Tensor\"");
}

TEST_F(OperationTest, OmittedArgumentsTakeTheirDefaults) {
  const weft_op argmax = find_op("aten::argmax");
  EXPECT_TRUE(
      equal_bits(call(argmax, {value(x_)}), call(argmax, {value(x_), none(), value(false)})));
  const weft_op gelu = find_op("aten::gelu");
  EXPECT_TRUE(equal_bits(call(gelu, {value(x_)}),
                         call(gelu, {value(x_)}, {{"approximate", value("none")}})));
  EXPECT_FALSE(equal_bits(call(gelu, {value(x_)}),
                          call(gelu, {value(x_)}, {{"approximate", value("tanh")}})));
}

TEST_F(OperationTest, ArgumentsCanBeNamed) {
  const weft_op softmax = find_op("aten::softmax", "int");
  const Tensor named = call(softmax, {},
                            {{"dtype", dtype_value(WEFT_DTYPE_FLOAT64)},
                             {"self", value(x_)},
                             {"dim", value(std::int64_t{1})}});
  EXPECT_EQ(named.dtype(), DType::float64);
  EXPECT_TRUE(equal_bits(
      named, call(softmax, {value(x_), value(std::int64_t{1}), dtype_value(WEFT_DTYPE_FLOAT64)})));
}

TEST_F(OperationTest, NumbersBecomeWhatTheSignatureWants) {
  const std::int64_t two = 2;
  // int for Scalar and for float
  EXPECT_EQ(values_of(call(find_op("aten::mul", "Scalar"), {value(x_), value(two)})),
            (std::vector<double>{2, 4, 6, 8, 10, 12}));
  EXPECT_TRUE(equal_bits(
      call(find_op("aten::dropout"), {value(x_), value(std::int64_t{0}), value(true)}), x_));
  // int for int[1], float for float[]
  EXPECT_EQ(values_of(call(find_op("aten::mean", "dim"), {value(x_), value(std::int64_t{1})})),
            (std::vector<double>{2, 5}));
  // int for int[2]: as in Python, the same for height and width
  const Tensor image = random_tensor({1, 1, 4, 4}, 1);
  const Sizes pair{2, 2};
  EXPECT_TRUE(equal_bits(call(find_op("aten::avg_pool2d"), {value(image), value(two)}),
                         call(find_op("aten::avg_pool2d"), {value(image), value(pair)})));
}

TEST_F(OperationTest, GeneratorsArePassedOn) {
  const weft_op bernoulli = find_op("aten::bernoulli", "p");
  const Generator a(7), b(7), c(8);
  const Tensor x = random_tensor({64}, 1);
  const auto draw = [&](const Generator& generator) {
    return call(bernoulli, {value(x), value(0.5)}, {{"generator", value(generator.get())}});
  };
  const Tensor first = draw(a);
  EXPECT_TRUE(equal_bits(first, draw(b)));
  EXPECT_FALSE(equal_bits(first, draw(a)));  // the stream goes on
  EXPECT_FALSE(equal_bits(first, draw(c)));
}

TEST_F(OperationTest, BernoulliDrawsLibTorchSBits) {
  // float32 is drawn by the host, float64 by LibTorch; several draws of a generator, over the ends
  // of its states.
  const weft_op bernoulli = find_op("aten::bernoulli", "p");
  const Generator ours(31), theirs(31);
  const auto drawn = [&](DType dtype, std::int64_t count, double p, const Generator& generator) {
    return values_of(call(bernoulli, {value(random_tensor({count}, 1, dtype)), value(p)},
                          {{"generator", value(generator.get())}}));
  };
  for (const std::int64_t count : {1, 311, 312, 313, 5, 2000, 0, 4096})
    for (const double p : {0.0, 1e-9, 0.1, 0.5, 0.9, 1.0})
      ASSERT_EQ(drawn(DType::float32, count, p, ours), drawn(DType::float64, count, p, theirs))
          << count << " with " << p;
}

TEST_F(OperationTest, ListsOfTensorsMayHaveGapsWhereTheSignatureAllows) {
  const Tensor rows = from_array(Array::of<std::int64_t>({1, 0}, {2}));
  const std::vector<weft_tensor> gap{nullptr, rows.get()};
  const Tensor swapped = call(find_op("aten::index", "Tensor"), {value(x_), value(gap)});
  EXPECT_EQ(values_of(swapped), (std::vector<double>{2, 1, 5, 4}));
  const ErrorRecord error = refusal(find_op("aten::stack"), {value(gap)});
  EXPECT_EQ(error.text, "aten::stack: argument \"tensors\" has no tensor at place 0");
}

TEST_F(OperationTest, SeveralResultsAndOtherTypesAreHandedOver) {
  weft_value args[] = {value(x_), value(std::int64_t{2})};
  weft_value results[2] = {};
  ASSERT_EQ(op_.call(find_op("aten::topk"), args, 2, nullptr, 0, results, 2), WEFT_OK);
  EXPECT_EQ(values_of(Tensor::own(results[0].u.t)), (std::vector<double>{3, 2, 6, 5}));
  EXPECT_EQ(Tensor::own(results[1].u.t).dtype(), DType::int64);

  const Tensor one = floats({2.5}, {});
  weft_value arg = value(one);
  ASSERT_EQ(op_.call(find_op("aten::item"), &arg, 1, nullptr, 0, results, 1), WEFT_OK);
  EXPECT_EQ(results[0].tag, WEFT_VALUE_DOUBLE);
  EXPECT_EQ(results[0].u.d, 2.5);
  ASSERT_EQ(op_.call(find_op("aten::is_nonzero"), &arg, 1, nullptr, 0, results, 1), WEFT_OK);
  EXPECT_EQ(results[0].tag, WEFT_VALUE_BOOL);
  EXPECT_EQ(results[0].u.i, 1);
  ASSERT_EQ(op_.call(find_op("aten::sym_numel"), &arg, 1, nullptr, 0, results, 1), WEFT_OK);
  EXPECT_EQ(results[0].tag, WEFT_VALUE_INT);
  EXPECT_EQ(results[0].u.i, 1);
}

TEST_F(OperationTest, AListOfTensorsIsHandedOverOneByOne) {
  weft_value args[] = {value(x_), value(std::int64_t{2}), value(std::int64_t{1})};
  weft_value results[2] = {};
  ASSERT_EQ(op_.call(find_op("aten::split", "Tensor"), args, 3, nullptr, 0, results, 2), WEFT_OK);
  EXPECT_EQ(Tensor::own(results[0].u.t).sizes(), (Sizes{2, 2}));
  EXPECT_EQ(Tensor::own(results[1].u.t).sizes(), (Sizes{2, 1}));
}

TEST_F(OperationTest, EachWrongArgumentHasItsSentence) {
  const weft_op softmax = find_op("aten::softmax", "int");
  const std::int64_t one = 1;
  const std::string signature =
      "aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor";
  weft_value odd = value(one);
  odd.tag = 42;
  weft_value no_tensor = value(Tensor());
  const struct {
    std::vector<weft_value> args;
    Named named;
    weft_status status;
    std::string text;
  } cases[] = {
      {{value(x_), value(1.5)}, {}, WEFT_TYPE, ": argument \"dim\" expects int, got a float"},
      {{value(one), value(one)},
       {},
       WEFT_TYPE,
       ": argument \"self\" expects Tensor, got an integer"},
      {{none(), value(one)}, {}, WEFT_TYPE, ": argument \"self\" expects Tensor, got nothing"},
      {{no_tensor, value(one)}, {}, WEFT_TYPE, ": argument \"self\" expects Tensor, got nothing"},
      {{value(x_), odd}, {}, WEFT_TYPE, ": argument \"dim\" has the unknown tag 42"},
      {{value(x_), value(one), dtype_value(99)},
       {},
       WEFT_TYPE,
       ": argument \"dtype\" names element type 99, which there is not"},
      {{value(x_), value(one), none(), none()},
       {},
       WEFT_INVALID,
       " takes at most 3 arguments, 4 were given; its signature is " + signature},
      {{value(x_)},
       {},
       WEFT_INVALID,
       ": argument \"dim\" is missing; the signature is " + signature},
      {{value(x_)},
       {{"axis", value(one)}},
       WEFT_INVALID,
       " has no argument \"axis\"; its signature is " + signature},
      {{value(x_), value(one)},
       {{"dim", value(one)}},
       WEFT_INVALID,
       ": argument \"dim\" is given twice"},
      {{value(x_)},
       {{"dim", value(one)}, {"dim", value(one)}},
       WEFT_INVALID,
       ": argument \"dim\" is given twice"},
      {{value(x_)}, {{nullptr, value(one)}}, WEFT_INVALID, ": a named argument has no name"},
  };
  for (const auto& wrong : cases) {
    const ErrorRecord error = refusal(softmax, wrong.args, wrong.named);
    EXPECT_EQ(error.text, "aten::softmax.int" + wrong.text);
    EXPECT_EQ(error.code, wrong.status) << wrong.text;
  }
}

TEST_F(OperationTest, KeywordOnlyAndHostChosenArgumentsAreGuarded) {
  EXPECT_EQ(refusal(find_op("aten::gelu"), {value(x_), value("tanh")}).text,
            "aten::gelu: argument \"approximate\" must be given by name");
  EXPECT_EQ(
      refusal(find_op("aten::full_like"), {value(x_), value(1.0)}, {{"device", value("cuda")}})
          .text,
      "aten::full_like: argument \"device\" is of type Device?, which the host chooses. "
      "Leave it out, or give nothing");
  EXPECT_TRUE(call(find_op("aten::full_like"), {value(x_), value(1.0)}, {{"device", none()}}));
}

TEST_F(OperationTest, NullPointersAndWrongCountsAreRefused) {
  EXPECT_EQ(refusal(nullptr, {}).text, "op.call: the operation is null");
  EXPECT_EQ(refusal(find_op("aten::relu"), {value(x_)}, {}, 2).text,
            "aten::relu returned 1 values, 2 were asked for");
  EXPECT_EQ(op_.call(find_op("aten::relu"), nullptr, 1, nullptr, 0, nullptr, 0), WEFT_INVALID);
  EXPECT_EQ(error_record().text, "aten::relu: an array of the call is null");
  weft_value list{};
  list.tag = WEFT_VALUE_INT_LIST;
  list.len = 3;
  EXPECT_EQ(refusal(find_op("aten::permute"), {value(x_), list}).text,
            "aten::permute: argument \"dims\" has 3 elements at a null address");
}

// Found by fuzzing: memory for the elements was taken before the address was looked at, and the
// sentence about the lack of memory read the list.
TEST_F(OperationTest, LongListsAtANullAddressTakeNoMemory) {
  weft_value list{};
  list.len = UINT32_MAX;
  list.tag = WEFT_VALUE_INT_LIST;
  EXPECT_EQ(refusal(find_op("aten::permute"), {value(x_), list}).text,
            "aten::permute: argument \"dims\" has 4294967295 elements at a null address");
  list.tag = WEFT_VALUE_TENSOR_LIST;
  EXPECT_EQ(refusal(find_op("aten::cat"), {list}).text,
            "aten::cat: argument \"tensors\" has 4294967295 elements at a null address");
}

TEST_F(OperationTest, LibTorchsErrorsNameTheOperationAndItsInputs) {
  const Tensor weight = random_tensor({4, 5}, 1);
  ErrorRecord error = refusal(find_op("aten::linear"), {value(x_), value(weight)});
  EXPECT_EQ(error.text,
            "aten::linear(input float32[2, 3], weight float32[4, 5]): mat1 and mat2 shapes cannot "
            "be multiplied (2x3 and 5x4)");
  EXPECT_EQ(error.code, WEFT_FAILED);
  error = refusal(find_op("aten::softmax", "int"), {value(x_)}, {{"dim", value(std::int64_t{7})}});
  EXPECT_EQ(error.text,
            "aten::softmax.int(self float32[2, 3], dim 7): Dimension out of range (expected to be "
            "in range of [-2, 1], but got 7)");
  EXPECT_EQ(error.code, WEFT_INDEX);
}

TEST_F(OperationTest, TooMuchMemoryHasItsOwnStatus) {
  const Sizes huge{std::int64_t{1} << 60};
  const ErrorRecord error = refusal(find_op("aten::zeros"), {value(huge)});
  EXPECT_EQ(error.code, WEFT_NO_MEMORY) << error.text;
}

TEST_F(OperationTest, ACallWithoutErrorSinkStillGivesItsStatus) {
  set_error_sink(nullptr);
  weft_value result{};
  EXPECT_EQ(op_.call(nullptr, nullptr, 0, nullptr, 0, &result, 1), WEFT_INVALID);
}

TEST_F(OperationTest, SettingsOfTheProcess) {
  EXPECT_EQ(torch_version(), WEFT_TORCH_VERSION);
  set_threads(1);
  EXPECT_THROW(set_threads(0), Error);
}

TEST_F(OperationTest, DeterministicModeRefusesWhatCannotBeRepeated) {
  const weft_op put = find_op("aten::put");
  const Tensor place = from_array(Array::of<std::int64_t>({0}, {1}));
  const Tensor nine = floats({9}, {1});
  const std::vector<weft_value> args{value(x_), value(place), value(nine)};
  set_deterministic(true);
  const ErrorRecord error = refusal(put, args);
  set_deterministic(false);
  EXPECT_NE(error.text.find("does not have a deterministic implementation"), std::string::npos)
      << error.text;
}

}  // namespace
}  // namespace weft::host
