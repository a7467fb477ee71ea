#include "examples/support/paths.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace sluice::examples {
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

TEST_F(ResolveUserPathTest, AnAbsolutePathStaysWhatItIs) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/someone", 1);
  EXPECT_EQ(ResolveUserPath("/srv/www"), "/srv/www");
}

TEST_F(ResolveUserPathTest, AnEmptyPathStaysEmptySoThatAUnsetFlagIsSeen) {
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
}  // namespace sluice::examples
