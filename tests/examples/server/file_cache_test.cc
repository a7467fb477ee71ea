#include "examples/server/file_cache.h"

#include <sluice/scheduler/data_scheduler.h>

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/server/static_files.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

namespace fs = std::filesystem;
using scheduler::DataSource;

// Files larger than this stay open, smaller ones are in memory.
constexpr size_t kLargest = 100;

class FileCacheTest : public ::testing::Test {
 protected:
  FileCacheTest()
      : root_(fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    Open({.max_file_in_memory = kLargest});
  }
  ~FileCacheTest() override { fs::remove_all(root_); }

  void Open(FileCacheOptions options) {
    absl::StatusOr<std::unique_ptr<StaticFiles>> files =
        StaticFiles::Open(root_.string(), options);
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }

  // Last modified long before any load.
  void Write(const std::string& name, const std::string& content) {
    std::ofstream(root_ / name, std::ios::binary) << content;
    fs::last_write_time(root_ / name, old_);
    old_ += std::chrono::seconds(1);
  }

  Response Respond(absl::string_view path) {
    return files_->Respond("GET", path, now_);
  }

  static std::string Body(Response response) {
    std::string body;
    while (response.body != nullptr) {
      const DataSource::Chunk chunk = response.body->Read(16384);
      EXPECT_TRUE(chunk.status.ok()) << chunk.status;
      absl::StrAppend(&body, chunk.shared.bytes, std::string(chunk.data));
      if (chunk.end || !chunk.status.ok()) break;
    }
    return body;
  }
  std::string Get(absl::string_view path) { return Body(Respond(path)); }

  const std::string large_ = std::string(kLargest + 1, 'L');
  const fs::path root_;
  std::unique_ptr<StaticFiles> files_;
  absl::Time now_ = absl::Now();
  fs::file_time_type old_ =
      fs::file_time_type::clock::now() - std::chrono::hours(1000);
};

TEST_F(FileCacheTest, AFileInMemoryIsSharedByItsBodies) {
  Write("a", "text");
  const Response first = Respond("/a");
  const Response second = Respond("/a");
  const absl::string_view one = first.body->Read(100).shared.bytes;
  const absl::string_view two = second.body->Read(100).shared.bytes;
  EXPECT_EQ(one, "text");
  EXPECT_EQ(one.data(), two.data()) << "no copy";
  EXPECT_EQ(files_->cache().files(), 1);
  EXPECT_EQ(files_->cache().memory(), 4);
}

TEST_F(FileCacheTest, ABodyOutlivesItsFilesPlaceInTheCache) {
  Open({.max_files = 1, .max_file_in_memory = kLargest});
  Write("a", "text");
  Write("b", large_);
  Response a = Respond("/a");
  Response b = Respond("/b");
  Write("c", "other");
  EXPECT_EQ(Get("/c"), "other");
  EXPECT_EQ(files_->cache().files(), 1);
  EXPECT_EQ(Body(std::move(a)), "text");
  EXPECT_EQ(Body(std::move(b)), large_);
}

TEST_F(FileCacheTest, TheNumberOfFilesIsBounded) {
  Open({.max_files = 3, .max_file_in_memory = kLargest});
  for (int i = 0; i < 10; ++i) {
    const std::string name = absl::StrCat("f", i);
    Write(name, i % 2 == 0 ? large_ : name);
    EXPECT_EQ(Get("/" + name), i % 2 == 0 ? large_ : name);
    EXPECT_LE(files_->cache().files(), 3);
  }
}

TEST_F(FileCacheTest, TheBytesInMemoryAreBounded) {
  Open({.max_file_in_memory = kLargest, .max_memory = 250});
  for (int i = 0; i < 10; ++i) {
    const std::string name = absl::StrCat("f", i);
    Write(name, std::string(kLargest, 'm'));
    EXPECT_EQ(Get("/" + name).size(), kLargest);
    EXPECT_LE(files_->cache().memory(), 250);
  }
  EXPECT_EQ(files_->cache().files(), 2);
}

TEST_F(FileCacheTest, TheFileThatWasAskedForLongestAgoGoesFirst) {
  Open({.max_files = 2, .max_file_in_memory = kLargest});
  for (const std::string name : {"a", "b", "c"}) Write(name, "old " + name);
  Get("/a");
  Get("/b");
  Get("/a");
  Get("/c");  // b goes
  for (const std::string name : {"a", "b"}) Write(name, "new " + name);
  EXPECT_EQ(Get("/a"), "old a") << "from the cache";
  EXPECT_EQ(Get("/b"), "new b");
}

TEST_F(FileCacheTest, AChangeShowsAfterTheInterval) {
  for (const std::string& before : {std::string("before"), large_ + "before"}) {
    for (const std::string& after :
         {std::string("after!"), large_ + "after!"}) {
      Write("a", before);
      now_ += absl::Seconds(1);
      EXPECT_EQ(Get("/a"), before);
      Write("new", after);
      fs::rename(root_ / "new", root_ / "a");
      now_ += absl::Milliseconds(999);
      EXPECT_EQ(Get("/a"), before) << "not looked at";
      now_ += absl::Milliseconds(1);
      EXPECT_EQ(Get("/a"), after);
    }
  }
}

TEST_F(FileCacheTest, AFileThatStaysIsNotReadAgain) {
  Write("a", "text");
  const Response first = Respond("/a");
  now_ += absl::Hours(1);
  const Response second = Respond("/a");
  EXPECT_EQ(first.body->Read(100).shared.bytes.data(),
            second.body->Read(100).shared.bytes.data());
}

// The step of the file's times may hide the second change.
TEST_F(FileCacheTest, AFileThatChangedJustBeforeItsLoadIsReadAgain) {
  Write("a", "text");
  fs::last_write_time(root_ / "a", fs::file_time_type::clock::now());
  now_ = absl::Now();
  const Response first = Respond("/a");
  now_ += absl::Seconds(2);
  const Response second = Respond("/a");
  EXPECT_NE(first.body->Read(100).shared.bytes.data(),
            second.body->Read(100).shared.bytes.data());
}

TEST_F(FileCacheTest, AClockThatIsSetBackDelaysNoCheck) {
  Write("a", "before");
  EXPECT_EQ(Get("/a"), "before");
  Write("a", "after");
  now_ -= absl::Hours(1);
  EXPECT_EQ(Get("/a"), "after");
}

TEST_F(FileCacheTest, ADeletedFileIs404AfterTheInterval) {
  Write("a", "text");
  EXPECT_EQ(Respond("/a").status, 200);
  fs::remove(root_ / "a");
  EXPECT_EQ(Get("/a"), "text");
  now_ += absl::Seconds(1);
  EXPECT_EQ(Respond("/a").status, 404);
  EXPECT_EQ(files_->cache().files(), 0);
}

TEST_F(FileCacheTest, AFileThatMayNotBeReadAnyMoreIs403AfterTheInterval) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every file";
  Write("a", "text");
  EXPECT_EQ(Respond("/a").status, 200);
  fs::permissions(root_ / "a", fs::perms::none);
  now_ += absl::Seconds(1);
  EXPECT_EQ(Respond("/a").status, 403);
}

TEST_F(FileCacheTest, AFileThatBecomesALinkOutOfTheRootIs404) {
  Write("a", "text");
  EXPECT_EQ(Respond("/a").status, 200);
  fs::remove(root_ / "a");
  fs::create_symlink("/proc/self/maps", root_ / "a");
  now_ += absl::Seconds(1);
  EXPECT_EQ(Respond("/a").status, 404);
}

TEST_F(FileCacheTest, ABodyOnItsWayKeepsTheFileThatWasReplacedOrDeleted) {
  Write("a", large_);
  Write("b", large_);
  Response a = Respond("/a");
  Response b = Respond("/b");
  fs::remove(root_ / "a");
  Write("new", "other");
  fs::rename(root_ / "new", root_ / "b");
  EXPECT_EQ(Body(std::move(a)), large_);
  EXPECT_EQ(Body(std::move(b)), large_);
}

TEST_F(FileCacheTest, AFileThatShrinksInMidBodyIsLookedAtAtOnce) {
  Write("a", large_);
  const Response response = Respond("/a");
  EXPECT_EQ(response.body->Read(10).shared.bytes.size(), 10);
  fs::resize_file(root_ / "a", 5);
  EXPECT_TRUE(absl::IsDataLoss(response.body->Read(10).status));
  EXPECT_EQ(Get("/a"), "LLLLL") << "before the interval is over";
}

TEST_F(FileCacheTest, MissingFilesAreNotKept) {
  for (int i = 0; i < 10; ++i) Respond(absl::StrCat("/none", i));
  EXPECT_EQ(files_->cache().files(), 0);
  Write("late", "text");
  EXPECT_EQ(Respond("/none0").status, 404);
  EXPECT_EQ(Get("/late"), "text");
}

TEST_F(FileCacheTest, TheDateIsThatOfTheResponse) {
  Write("a", "text");
  now_ = absl::UnixEpoch();
  for (const std::string second : {"00", "01", "02"}) {
    EXPECT_EQ(Respond("/a").headers[1].value,
              absl::StrCat("Thu, 01 Jan 1970 00:00:", second, " GMT"));
    now_ += absl::Seconds(1);
  }
}

}  // namespace
}  // namespace sluice::examples
