// SPDX-License-Identifier: Apache-2.0
/// Unloading a plug-in while something of it is in use, down to an autograd graph that outlives its
/// instance.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "host/base/error.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "host/engine/tensor.hpp"
#include "host/registry/core_api.hpp"
#include "host/registry/instance.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

const fs::path focal = fs::path(WEFT_BINARY_DIR) / "lib/weft/plugins/libweft_loss_focal.so";

bool is_mapped(const fs::path& file) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.ends_with(file.filename().string())) return true;
  return false;
}

class UnloadTest : public testing::Test {
 protected:
  UnloadTest() { set_error_sink(core_api()); }

  /// The loss of two rows of logits, with a graph behind it that runs into the plug-in's backward.
  Tensor loss(const Instance& instance) {
    const Tensor target = from_array(Array::of<std::int64_t>({0, 1}, {2}));
    const std::vector<weft_tensor> in{logits_.get(), target.get()};
    std::vector<std::uint32_t> counts(instance.inputs().size(), 0);
    counts[0] = counts[1] = 1;
    std::vector<weft_tensor> out(2, nullptr);
    Generator generator(1);
    weft_call call{};
    call.size = sizeof call;
    call.n_in = 2;
    call.in = in.data();
    call.in_count = counts.data();
    call.out = out.data();
    call.generator = generator.get();
    const LibraryScope scope(instance.library());
    instance.call(call);
    Tensor::own(out[1]);
    return Tensor::own(out[0]);
  }

  std::string refusal() {
    try {
      registry_.unload(focal);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::plugin);
      return error.what();
    }
    return "";
  }

  Registry registry_{{focal.parent_path()}, {tensor_api(), op_api(), grad_api(), migration_api()}};
  Tensor logits_ = from_array(Array::of<float>({1, 2, 3, 4}, {2, 2}));
};

TEST_F(UnloadTest, NamesTheInstanceThatIsInTheWay) {
  auto instance = std::make_unique<Instance>(registry_.find("loss.focal"), "focal", "{}",
                                             std::map<std::string, std::uint32_t>{});
  EXPECT_EQ(refusal(),
            "libweft_loss_focal.so cannot be unloaded: it is in use by the instance at \"focal\". "
            "Let go of that first.");
  instance.reset();
  EXPECT_EQ(refusal(), "");
  EXPECT_FALSE(is_mapped(focal));
}

TEST_F(UnloadTest, ALiveGraphKeepsTheLibraryWhenTheInstanceIsGone) {
  set_trainable(logits_, true);
  Tensor first, second;
  {
    const Instance instance(registry_.find("loss.focal"), "focal", "{}", {});
    first = loss(instance);
    second = loss(instance);
    EXPECT_EQ(refusal(),
              "libweft_loss_focal.so cannot be unloaded: it is in use by the instance at \"focal\" "
              "and 2 custom operations of \"focal\" in a live graph. Let go of that first.");
  }
  second = Tensor();
  EXPECT_EQ(refusal(),
            "libweft_loss_focal.so cannot be unloaded: it is in use by 1 custom operation of "
            "\"focal\" in a live graph. Let go of that first.");
  backward(first);  // runs code of the library
  EXPECT_TRUE(gradient(logits_));
  first = Tensor();
  EXPECT_EQ(refusal(), "");
  EXPECT_FALSE(is_mapped(focal));
}

TEST_F(UnloadTest, AnotherHolderIsInTheWayAndAnUnloadedPartIsLoadedAgain) {
  registry_.find("loss.focal");
  {
    const Registry other({focal.parent_path()},
                         {tensor_api(), op_api(), grad_api(), migration_api()});
    other.find("loss.focal");
    EXPECT_EQ(refusal(),
              "libweft_loss_focal.so cannot be unloaded: it is in use by something else in this "
              "process. Let go of that first.");
  }
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(refusal(), "") << "what is not loaded needs no unloading";
  EXPECT_NE(registry_.find("loss.focal").component, nullptr);
  EXPECT_TRUE(is_mapped(focal));
}

}  // namespace
}  // namespace weft::host
