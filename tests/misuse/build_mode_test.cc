// The tables run in two builds: with assertions, and optimised without.
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace sluice::testing {
namespace {

TEST(BuildModeTest, TheOptimisedTestIsOptimisedAndHasNoAssertions) {
  const char* const target = std::getenv("TEST_TARGET");
  if (target == nullptr ||
      std::string(target).find("optimised") == std::string::npos) {
    GTEST_SKIP() << "this is the test in the configured build";
  }
#ifndef __OPTIMIZE__
  ADD_FAILURE() << "not optimised";
#endif
#ifndef NDEBUG
  ADD_FAILURE() << "with assertions";
#endif
}

}  // namespace
}  // namespace sluice::testing
