#include "support/paths.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace sluice::support {
namespace {

class ResolveUserPathTest : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("BUILD_WORKING_DIRECTORY"); }
};

TEST_F(ResolveUserPathTest, ARelativePathBelongsToTheCallersFolder) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/someone", 1);
  EXPECT_EQ(ResolveUserPath("site"), "/home/someone/site");
  EXPECT_EQ(ResolveUserPath("."), "/home/someone/.");
  EXPECT_EQ(ResolveUserPath("pages/*.json"), "/home/someone/pages/*.json");
}

TEST_F(ResolveUserPathTest, AnAbsolutePathStaysAsItIs) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/someone", 1);
  EXPECT_EQ(ResolveUserPath("/srv/www"), "/srv/www");
}

TEST_F(ResolveUserPathTest, AnEmptyPathStaysEmptySoThatAnUnsetFlagShows) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/someone", 1);
  EXPECT_EQ(ResolveUserPath(""), "");
}

TEST_F(ResolveUserPathTest, OutsideBazelTheWorkingFolderDecides) {
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(ResolveUserPath("site"), "site");
  setenv("BUILD_WORKING_DIRECTORY", "", 1);
  EXPECT_EQ(ResolveUserPath("site"), "site");
}

}  // namespace
}  // namespace sluice::support
