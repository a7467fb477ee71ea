#include "benchmarks/servers/spread.h"

#include "gtest/gtest.h"

namespace sluice::servers {
namespace {

TEST(SpreadTest, ASpreadIsTheMedianAndTheEnds) {
  EXPECT_EQ(SpreadOf({7}), (Spread{7, 7, 7}));
  EXPECT_EQ(SpreadOf({3, 1, 2}), (Spread{2, 1, 3}));
  EXPECT_EQ(SpreadOf({4, 1, 8, 2}), (Spread{3, 1, 8}));
}

TEST(SpreadTest, ItsTextHasTheMedianFirst) {
  EXPECT_EQ(SpreadText({3.14159, 1, 20}, 1), "3.1 (1.0–20.0)");
  EXPECT_EQ(SpreadText({3.14159, 1, 20}, 0), "3 (1–20)");
}

TEST(SpreadTest, ADashTakesOneColumn) {
  EXPECT_EQ(Padded("1–2", 5), "1–2  ");
  EXPECT_EQ(Padded("too long", 3), "too long");
}

TEST(SizeNameTest, SizesHaveTheLargestWholeUnit) {
  EXPECT_EQ(SizeName(1 << 20), "1 MB");
  EXPECT_EQ(SizeName(1024), "1 KB");
  EXPECT_EQ(SizeName(1536 * 1024), "1536 KB");
  EXPECT_EQ(SizeName(1000), "1000 bytes");
}

}  // namespace
}  // namespace sluice::servers
