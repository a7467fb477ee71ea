#include "benchmarks/lab/measure/spill_file.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::HasSubstr;

TEST(SpillFileTest, AppendedBytesAreReadFromTheBufferAndTheFile) {
  SpillFile spill(/*buffer_bytes=*/10);
  std::string all;
  for (const char* piece : {"one", "two", "three", "a long one, past it", ""}) {
    EXPECT_EQ(spill.size(), all.size());
    ASSERT_TRUE(spill.Append(piece).ok());
    all += piece;
  }
  EXPECT_EQ(*spill.Read(0, 3), "one");
  EXPECT_EQ(*spill.Read(3, 3), "two");
  EXPECT_EQ(*spill.Read(6, 5), "three");
  EXPECT_EQ(*spill.Read(11, all.size() - 11), "a long one, past it");
}

TEST(SpillFileTest, RecordsAreReadByTheirNumbers) {
  struct Pair {
    uint64_t number;
    double half;
  };
  SpilledRecords<Pair> records;
  constexpr uint64_t kMany = 20'000;  // more than the buffer holds
  for (uint64_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(records.Append({i, static_cast<double>(i) / 2}).ok());
  }
  EXPECT_EQ(records.size(), kMany);
  for (const uint64_t i : {uint64_t{0}, uint64_t{4095}, kMany - 1}) {
    EXPECT_EQ(records.Read(i)->number, i);
    EXPECT_EQ(records.Read(i)->half, static_cast<double>(i) / 2);
  }
}

// Sets TMPDIR for a test.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& path) {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    setenv("TMPDIR", path.c_str(), 1);
  }
  ~TemporaryFolder() {
    before_.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before_.c_str(), 1);
  }

 private:
  std::string before_;
};

TEST(SpillFileTest, TheFileHasNoNameAndIsMadeWhenItIsNeeded) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/spilled");
  std::filesystem::create_directory(folder);
  const TemporaryFolder temporary(folder);
  SpillFile spill(/*buffer_bytes=*/1);
  ASSERT_TRUE(spill.Append("ab").ok());
  ASSERT_TRUE(spill.Append("cd").ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_EQ(*spill.Read(0, 2), "ab");
}

TEST(SpillFileTest, WithoutAFolderItReturnsAnError) {
  const TemporaryFolder temporary(
      absl::StrCat(::testing::TempDir(), "/nowhere"));
  SpillFile spill(/*buffer_bytes=*/1);
  ASSERT_TRUE(spill.Append("in the buffer").ok());
  const absl::Status status = spill.Append("and on");
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("making a temporary file failed: No such file"));
}

}  // namespace
}  // namespace sluice::lab
