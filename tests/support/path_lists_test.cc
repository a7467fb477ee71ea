#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/paths.h"

namespace sluice::support {
namespace {

using ::testing::ElementsAre;

class PathListsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir();
    if (folder_.back() == '/') folder_.pop_back();
    setenv("BUILD_WORKING_DIRECTORY", folder_.c_str(), 1);
  }
  void TearDown() override { unsetenv("BUILD_WORKING_DIRECTORY"); }

  std::string UsersFile(const char* name) const {
    return absl::StrCat(folder_, "/", name);
  }

  std::string folder_;
};

TEST_F(PathListsTest, AListStandsForItsLines) {
  std::ofstream(UsersFile("list")) << "b\n\n/c d\n@e";
  const std::vector<std::string> arguments = {"a", "@list", "f"};
  const auto paths = ExpandPathLists(arguments);
  ASSERT_TRUE(paths.ok()) << paths.status();
  EXPECT_THAT(*paths, ElementsAre(UsersFile("a"), UsersFile("b"), "/c d",
                                  UsersFile("@e"), UsersFile("f")));
}

TEST_F(PathListsTest, AMissingListIsNamed) {
  const std::vector<std::string> arguments = {"a", "@none"};
  EXPECT_EQ(ExpandPathLists(arguments).status(),
            absl::NotFoundError(absl::StrCat("cannot read ", UsersFile("none"),
                                             ": No such file or directory")));
}

}  // namespace
}  // namespace sluice::support
