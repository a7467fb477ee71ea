#include <sluice/signals/version.h>

#include "adapters/c/sluice.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(Version, TheLibraryIsOfTheVersionOfTheHeaders) {
  EXPECT_STREQ(Version(), SLUICE_VERSION);
  EXPECT_EQ(VersionNumber(), SLUICE_VERSION_NUMBER);
}

TEST(Version, TheNumberHasAByteForEachPart) {
  EXPECT_EQ(VersionNumber(), SLUICE_VERSION_MAJOR * 0x10000 +
                                 SLUICE_VERSION_MINOR * 0x100 +
                                 SLUICE_VERSION_PATCH);
}

// Both headers are in this file, and define the same macros.
TEST(Version, TheCLibraryHasTheSame) {
  EXPECT_STREQ(sluice_version(), Version());
  EXPECT_EQ(sluice_version_number(), VersionNumber());
}

}  // namespace
}  // namespace sluice
