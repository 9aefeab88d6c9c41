// SPDX-License-Identifier: Apache-2.0
/// What a part may do with the tensors of an older checkpoint.
#include "host/engine/migration.hpp"

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

class MigrationTest : public EngineTest {
 protected:
  std::string error_after(weft_status expected, weft_status status) {
    EXPECT_EQ(status, expected);
    return error_record().text;
  }

  const weft_migration_api& api_ = *migration_api();
  Migration migration_{{{"b", Array::of<float>({1, 2}, {2})}, {"a", Array::of<float>({3}, {1})}}};
  weft_migration map_ = migration_.handle();
};

TEST_F(MigrationTest, ListsTensorsInAlphabeticalOrder) {
  std::uint32_t count = 0;
  const char* name = nullptr;
  ASSERT_EQ(api_.count(map_, &count), WEFT_OK);
  EXPECT_EQ(count, 2u);
  ASSERT_EQ(api_.name(map_, 0, &name), WEFT_OK);
  EXPECT_STREQ(name, "a");
  ASSERT_EQ(api_.name(map_, 1, &name), WEFT_OK);
  EXPECT_STREQ(name, "b");
}

TEST_F(MigrationTest, RenamesReplacesAndRemoves) {
  weft_tensor b = nullptr;
  ASSERT_EQ(api_.get(map_, "b", &b), WEFT_OK);
  const Tensor kept = Tensor::own(b);
  EXPECT_EQ(values_of(kept), (std::vector<double>{1, 2}));
  ASSERT_EQ(api_.rename(map_, "b", "c.weight"), WEFT_OK);
  ASSERT_EQ(api_.remove(map_, "a"), WEFT_OK);
  ASSERT_EQ(api_.set(map_, "d", add(kept, kept).get()), WEFT_OK);
  const auto result = migration_.result();
  ASSERT_EQ(result.size(), 2u);
  EXPECT_EQ(result.at("c.weight").data<float>()[1], 2);
  EXPECT_EQ(result.at("d").data<float>()[1], 4);
}

TEST_F(MigrationTest, SaysWhatCannotBeDone) {
  weft_tensor out = nullptr;
  const char* name = nullptr;
  EXPECT_EQ(error_after(WEFT_NOT_FOUND, api_.get(map_, "bb", &out)),
            "migration.get: the checkpoint holds no tensor \"bb\". Did you mean \"b\"?");
  EXPECT_EQ(error_after(WEFT_NOT_FOUND, api_.remove(map_, "elephants")),
            "migration.remove: the checkpoint holds no tensor \"elephants\". Did you mean \"a\"?");
  EXPECT_EQ(error_after(WEFT_INVALID, api_.rename(map_, "a", "b")),
            "migration.rename: there is a tensor \"b\" already");
  EXPECT_EQ(error_after(WEFT_INDEX, api_.name(map_, 2, &name)),
            "migration.name: asked for tensor 2 of 2");
  EXPECT_EQ(error_after(WEFT_INVALID, api_.set(map_, "x", nullptr)),
            "migration.set: an argument is null");
  EXPECT_EQ(error_after(WEFT_INVALID, api_.count(nullptr, nullptr)),
            "migration.count: an argument is null");
  EXPECT_EQ(out, nullptr);
  EXPECT_EQ(migration_.result().size(), 2u);
}

}  // namespace
}  // namespace weft::host
