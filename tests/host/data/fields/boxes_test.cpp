// SPDX-License-Identifier: Apache-2.0
/// Fields of the kind `boxes`.

#include <gmock/gmock.h>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* k_boxes = R"({"kind": "boxes", "pointer": "/boxes", "max_boxes": 2)";

/// A black picture with a white rectangle.
std::string picture(int height, int width, int top, int left, int bottom, int right) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height) *
                                   static_cast<std::size_t>(width));
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) pixels[static_cast<std::size_t>(y * width + x)] = 255;
  }
  return test::png(height, width, 1, pixels);
}

/// One sample of a picture and the JSON of its boxes, in both splits.
class Sample {
 public:
  Sample(const std::string& png, const std::string& boxes) {
    test::write_tar(folder_.path("a.tar"),
                    {{"k.png", png}, {"k.json", R"({"boxes": )" + boxes + "}"}});
  }

  Dataset open(const std::string& fields) const {
    const std::string shards = R"([")" + folder_.path("a.tar") + R"("])";
    return Dataset::open("d",
                         R"({"shards": {"train": )" + shards + R"(, "val": )" + shards +
                             R"(}, "fields": {)" + fields + "}}",
                         folder_.path("c"));
  }

  Batch row(const std::string& fields) const {
    EvaluationStream stream(open(fields), Split::val, 1);
    Batch batch;
    EXPECT_TRUE(stream.next(batch));
    return batch;
  }

 private:
  test::Folder folder_;
};

std::vector<float> floats(const Batch& batch, const std::string& name, std::int64_t row = 0) {
  const Array& array = batch.fields.at(name);
  const std::int64_t size = array.count() / batch.size;
  return {array.data<float>() + row * size, array.data<float>() + (row + 1) * size};
}

std::string refusal(const std::string& boxes, const std::string& fields) {
  const Sample sample(picture(2, 4, 0, 0, 2, 2), boxes);
  return error_of([&] { sample.row(fields); }).second;
}

TEST(Boxes, WithoutAnImageStayAsTheyAre) {
  const Sample sample(picture(2, 4, 0, 0, 2, 2), R"([{"bbox": [1, 2, 3, 4], "label": "dog"}])");
  const Batch batch =
      sample.row(R"("b": )" + std::string(k_boxes) + R"(, "classes": ["cat", "dog"]})");
  EXPECT_THAT(batch.fields.at("b").sizes, ElementsAre(1, 2, 4));
  EXPECT_THAT(floats(batch, "b"), ElementsAre(1, 2, 4, 6, 0, 0, 0, 0));
  EXPECT_THAT(test::flags(batch, "b_mask"), ElementsAre(true, false));
  EXPECT_THAT(test::integers(batch, "b_label"), ElementsAre(1, 0));
}

TEST(Boxes, MayBeListsOfTheirEdges) {
  const Sample sample(picture(2, 4, 0, 0, 2, 2), "[[1, 2, 3, 4], [0, 0, 1, 1], [5, 5, 6, 6]]");
  const Batch batch = sample.row(R"("b": )" + std::string(k_boxes) + R"(, "format": "xyxy"})");
  EXPECT_THAT(floats(batch, "b"), ElementsAre(1, 2, 3, 4, 0, 0, 1, 1));  // the third does not fit
  EXPECT_THAT(test::flags(batch, "b_mask"), ElementsAre(true, true));
}

TEST(Boxes, AreStretchedWithTheirPicture) {
  const Sample sample(picture(2, 4, 0, 0, 2, 2), "[[1, 0, 2, 1], [9, 9, 1, 1]]");
  const Batch batch = sample.row(R"("p": {"kind": "image", "size": [8, 8]}, "b": )" +
                                 std::string(k_boxes) + R"(, "image": "p"})");
  EXPECT_THAT(floats(batch, "b"), ElementsAre(0.25, 0, 0.75, 0.5, 0, 0, 0, 0));
  EXPECT_THAT(test::flags(batch, "b_mask"), ElementsAre(true, false));  // the second lies outside
}

TEST(Boxes, FollowFitCropAndPad) {
  const Sample sample(picture(2, 4, 0, 0, 2, 2), "[[0, 0, 2, 2]]");
  const std::string image =
      R"("p": {"kind": "image", "size": [8, 8], "resize": "bilinear", "fit": )";
  const std::string boxes = R"(}, "b": )" + std::string(k_boxes) + R"(, "image": "p"})";
  // 16 wide, of which 4 … 12 stay: the box is 0 … 8 before, -4 … 4 after.
  EXPECT_THAT(floats(sample.row(image + R"("crop")" + boxes), "b"),
              ElementsAre(0, 0, 0.5, 1, 0, 0, 0, 0));
  // 4 high, put at 2.
  EXPECT_THAT(floats(sample.row(image + R"("pad")" + boxes), "b"),
              ElementsAre(0, 0.25, 0.5, 0.75, 0, 0, 0, 0));
}

TEST(Boxes, FollowFlips) {
  const Sample sample(picture(2, 4, 0, 0, 1, 2), "[[0, 0, 2, 1]]");
  const Dataset dataset = sample.open(
      R"("p": {"kind": "image", "size": [2, 4], "flip": 1, "flip_vertical": 1}, "b": )" +
      std::string(k_boxes) + R"(, "image": "p"})");
  TrainingStream stream(dataset, 1, 7);
  const Batch batch = stream.next();
  EXPECT_THAT(floats(batch, "p"), ElementsAre(0, 0, 0, 0, 0, 0, 1, 1));
  EXPECT_THAT(floats(batch, "b"), ElementsAre(0.5, 0.5, 1, 1, 0, 0, 0, 0));
}

TEST(Boxes, FollowRandomCrops) {
  const Sample sample(picture(60, 60, 20, 10, 40, 50), "[[10, 20, 40, 20]]");
  const Dataset dataset = sample.open(
      R"("p": {"kind": "image", "size": [48, 48], "resize": "bilinear", "flip": 0.5, "brightness": 0.1,
      "crop": {"scale": [0.3, 1]}}, "b": )" +
      std::string(k_boxes) + R"(, "image": "p"})");
  TrainingStream stream(dataset, 40, 7);
  const Batch batch = stream.next();
  int moved = 0;
  for (std::int64_t row = 0; row < batch.size; ++row) {
    const std::vector<float> pixels = floats(batch, "p", row), box = floats(batch, "b", row);
    ASSERT_TRUE(test::flags(batch, "b_mask", row)[0]);
    int left = 48, top = 48, right = 0, bottom = 0;
    for (int i = 0; i < 48 * 48; ++i) {
      if (pixels[static_cast<std::size_t>(i)] < 0.5F) continue;
      left = std::min(left, i % 48), right = std::max(right, i % 48 + 1);
      top = std::min(top, i / 48), bottom = std::max(bottom, i / 48 + 1);
    }
    EXPECT_NEAR(box[0] * 48, left, 1) << row;
    EXPECT_NEAR(box[1] * 48, top, 1) << row;
    EXPECT_NEAR(box[2] * 48, right, 1) << row;
    EXPECT_NEAR(box[3] * 48, bottom, 1) << row;
    moved += std::abs(box[0] * 48 - 8) > 2 ? 1 : 0;
  }
  EXPECT_GT(moved, 10);  // else nothing was cropped
}

TEST(Boxes, RefuseWhatIsNone) {
  const std::string fields = R"("b": )" + std::string(k_boxes) + R"(, "classes": ["cat", "dog"]})";
  EXPECT_THAT(
      refusal("7", fields),
      HasSubstr(
          R"(sample k: /boxes: "7" is no list of boxes such as [{"bbox": [10, 20, 30, 40], "label": "cat"}]. Correct the sample.)"));
  EXPECT_THAT(refusal("[[1, 2, 3]]", fields),
              HasSubstr("/boxes: box 0 is \"[1,2,3]\", not four numbers"));
  EXPECT_THAT(refusal("[[1, 2, 3, \"4\"]]", fields), HasSubstr("not four numbers"));
  EXPECT_THAT(refusal("[[1, 2, 0, 4]]", fields),
              HasSubstr("which has no area as [x, y, width, height]"));
  EXPECT_THAT(refusal("[[1, 2, 1e300, 4]]", fields), HasSubstr("has an edge that is too large"));
  EXPECT_THAT(refusal("[[1, 2, 3, 4]]", fields),
              HasSubstr("has no \"label\", and the field has classes"));
  EXPECT_THAT(refusal(R"([{"bbox": [1, 2, 3, 4], "label": "dgo"}])", fields),
              HasSubstr("is of the label \"dgo\", which is no class of the field."));
}

TEST(Boxes, RefuseOddOptions) {
  const std::string boxes = R"(, "b": )" + std::string(k_boxes) + R"(, "image": "p"})";
  EXPECT_EQ(
      refusal("[]", R"("b": {"kind": "boxes", "max_boxes": 2})"),
      "data field b/pointer: expected where the list of boxes stands, or \"member\", found null.");
  EXPECT_EQ(
      refusal("[]", R"("q": {"kind": "image", "size": [2, 2]})" + boxes),
      "data field b/image: \"p\" is no image field of the section. Name one, or leave image out.");
  EXPECT_EQ(refusal("[]", R"("p": {"kind": "image", "size": [2, 2], "rotate": 5})" + boxes),
            "data field b/image: \"p\" has rand_augment, translate, rotate or zoom, which are not "
            "followed. Leave them out; crop "
            "and flips are followed.");
}

}  // namespace
}  // namespace weft::host
