// SPDX-License-Identifier: Apache-2.0
/// Operations that ops.hpp has no function for.

#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

// [declare]
const auto trace = operation("aten::trace", "", "trace(Tensor self) -> Tensor");
const auto svd = operation("aten::linalg_svd", "",
                           "linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None)"
                           " -> (Tensor U, Tensor S, Tensor Vh)");
// [declare]
const auto split = operation("aten::split", "Tensor",
                             "split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0)"
                             " -> Tensor(a)[]");
const auto softplus = operation("aten::softplus", "",
                                "softplus(Tensor self, Scalar beta=1, Scalar threshold=20)"
                                " -> Tensor");
const auto item = operation("aten::item", "", "item(Tensor self) -> Scalar");
const auto quantile = operation("aten::quantile", "",
                                "quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False,"
                                " *, str interpolation='linear') -> Tensor");

class OperationTest : public SdkTest {
 protected:
  const Tensor x_ = doubles({1, 2, 3, 4}, {2, 2});
};

TEST_F(OperationTest, OneResult) {
  expect_tensor(trace(x_), {5}, {});
  expect_gradients([](const std::vector<Tensor>& in) { return softplus(in[0]); },
                   {normals({3}, 1)});
}

TEST_F(OperationTest, SeveralResults) {
  const auto [u, s, vh] = svd.results<3>(x_, false);
  expect_tensor(matmul(u * s, vh), {1, 2, 3, 4}, {2, 2});
  const auto [left, right] = split.results<2>(x_, 1, 1);
  expect_tensor(left, {1, 3}, {2, 1});
  expect_tensor(right, {2, 4}, {2, 1});
}

TEST_F(OperationTest, ArgumentsByNameAndLeftOut) {
  const Tensor half = doubles({0.5}, {});
  expect_tensor(quantile(x_, half), {2.5}, {});
  expect_tensor(quantile(x_, half, 1, named("interpolation", "lower")), {1, 3}, {2});
  expect_tensor(quantile(x_, half, named("interpolation", std::string("higher")), named("dim", 0)),
                {3, 4}, {2});
}

TEST_F(OperationTest, WrongUseIsRefused) {
  EXPECT_EQ(refusal([&] { trace(x_, 1); }),
            "aten::trace takes at most 1 arguments, 2 were given; its signature is "
            "aten::trace(Tensor self) -> Tensor");
  EXPECT_EQ(refusal([&] { svd(x_, false); }),
            "aten::linalg_svd returned 3 values, 1 were asked for");
  EXPECT_EQ(refusal([&] { item(doubles({1}, {})); }),
            "aten::item returns a number, which is no tensor");
  EXPECT_EQ(refusal([&] { softplus(x_, named("gamma", 1)); }),
            "aten::softplus has no argument \"gamma\"; its signature is aten::softplus(Tensor "
            "self, Scalar beta=1, Scalar threshold=20) -> Tensor");
}

// Looked up when the library is loaded, an operation of a function would never be.
TEST_F(OperationTest, BelongsToNamespaceScope) {
  const auto late = [] {
    static const auto erf = operation("aten::erf", "", "erf(Tensor self) -> Tensor");
    erf(doubles({1}, {1}));
  };
  EXPECT_EQ(refusal(late),
            "aten::erf: declare the operation at namespace scope. Within a function the host has "
            "looked up the others already.");
}

}  // namespace
}  // namespace weft::test
