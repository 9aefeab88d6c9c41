// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/reasons.hpp"

#include <gmock/gmock.h>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

BadSample bad(int number, const std::string& reason) {
  const std::string key = concat("k", number);
  return {"/a.tar", key, concat("/a.tar, sample ", key, ": ", reason)};
}

TEST(Reasons, AreToldOnceWithACountAndThreeExamples) {
  std::vector<BadSample> samples;
  for (int i = 0; i < 150; ++i) {
    samples.push_back(bad(i, concat("cls is \"", i * i, "\", which is no class.")));
    if (i % 50 == 0) samples.push_back(bad(i, "the picture is damaged."));
  }
  const std::vector<BadReason> reasons = by_reason(samples);
  ASSERT_EQ(reasons.size(), 2U);
  EXPECT_EQ(reasons[0].count, 150U);
  EXPECT_EQ(reasons[0].sentence(),
            "150 samples: cls is \"0\", which is no class. E.g. /a.tar, samples k0, k1 and k2.");
  EXPECT_EQ(reasons[1].count, 3U);
}

TEST(Reasons, ShardsAreNamedWhereTheyDiffer) {
  std::vector<BadSample> samples = {bad(1, "x."), bad(2, "x."), bad(3, "x.")};
  samples[1].shard = "/b.tar";
  samples[1].reason = "/b.tar, sample k2: x.";
  EXPECT_EQ(by_reason(samples)[0].sentence(),
            "3 samples: x. E.g. /a.tar, sample k1, /b.tar, sample k2 and /a.tar, sample k3.");
}

TEST(Reasons, PlacesQuotationsAndNumbersDoNotDivide) {
  EXPECT_EQ(kind_of_reason(bad(1, "there are 12 of \"a\".")),
            kind_of_reason(bad(23, "there are 3 of \"b c\".")));
  EXPECT_NE(kind_of_reason(bad(1, "there is no member png.")),
            kind_of_reason(bad(1, "there is no member wav.")));
  EXPECT_EQ(
      kind_of_reason({"/i.jsonl", "line 5", "The index /i.jsonl, line 5: there is no key."}),
      kind_of_reason({"/i.jsonl", "line 77", "The index /i.jsonl, line 77: there is no key."}));
}

}  // namespace
}  // namespace weft::host
