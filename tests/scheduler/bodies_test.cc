// The bodies that come with the library: of bytes in memory, and of files.
#include <sluice/h2/types.h>
#include <sluice/scheduler/bodies.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/file_body.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"
#include "tests/support/allocation_counter.h"

namespace sluice::scheduler {
namespace {

using ::sluice::testing::Allocations;
using testing::Session;

std::string TextOf(const DataSource::Chunk& chunk) {
  return absl::StrCat(std::string(chunk.data), chunk.shared.bytes,
                      chunk.end ? "." : "");
}

void ExpectReadsItsBytesAndEnds(DataSource& body) {
  EXPECT_EQ(TextOf(body.Read(4)), "abcd");
  EXPECT_EQ(TextOf(body.Read(0)), "");
  EXPECT_EQ(TextOf(body.Read(4)), "efgh");
  EXPECT_EQ(TextOf(body.Read(4)), "i.");
  EXPECT_EQ(TextOf(body.Read(0)), ".");
}

TEST(BodiesTest, AStringIsRead) {
  StringBody body(std::string("abcdefghi"));
  EXPECT_EQ(body.size(), 9u);
  ExpectReadsItsBytesAndEnds(body);
  EXPECT_EQ(body.size(), 0u);
  EXPECT_EQ(TextOf(StringBody(std::string()).Read(0)), ".");
}

TEST(BodiesTest, ManyBodiesShareAString) {
  const auto text = std::make_shared<const std::string>("abcdefghi");
  StringBody first(text);
  StringBody second(text);
  ExpectReadsItsBytesAndEnds(first);
  ExpectReadsItsBytesAndEnds(second);
}

TEST(BodiesTest, TheBytesOutliveTheBody) {
  DataSource::Chunk chunk;
  {
    StringBody body(std::string(1000, 'x'));
    chunk = body.Read(1000);
  }
  EXPECT_EQ(chunk.shared.bytes, std::string(1000, 'x'));
}

TEST(BodiesTest, ACordIsRead) {
  CordBody body{absl::Cord("abcdefghi")};
  EXPECT_EQ(body.size(), 9u);
  ExpectReadsItsBytesAndEnds(body);
  EXPECT_EQ(TextOf(CordBody(absl::Cord()).Read(0)), ".");
}

TEST(BodiesTest, TheyAreSentWhole) {
  Session session;
  session.Serve(std::make_unique<StringBody>(std::string(20000, 'x')));
  session.Serve(std::make_unique<CordBody>(absl::Cord(std::string(9, 'x'))));
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 H3 1:16384 3:9. 1:3616.");
}

class FileBodyTest : public ::testing::Test {
 protected:
  FileBodyTest() {
    std::string path = absl::StrCat(::testing::TempDir(), "/body_XXXXXX");
    file_ = mkstemp(path.data());
    EXPECT_GE(file_, 0);
    unlink(path.c_str());
  }
  ~FileBodyTest() override { close(file_); }

  void Write(absl::string_view text) {
    ASSERT_EQ(write(file_, text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

  int file_;
};

TEST_F(FileBodyTest, AFileIsRead) {
  Write("abcdefghi");
  FileBody body(file_, 9, {.owns_file = false});
  ExpectReadsItsBytesAndEnds(body);
}

TEST_F(FileBodyTest, APartOfAFileIsRead) {
  Write("__abcdefghi__");
  FileBody body(file_, 9, {.offset = 2, .owns_file = false});
  ExpectReadsItsBytesAndEnds(body);
  EXPECT_EQ(lseek(file_, 0, SEEK_CUR), 13) << "it moved the descriptor";
}

TEST_F(FileBodyTest, ItClosesTheFileThatItOwns) {
  const int copy = dup(file_);
  { const FileBody body(copy, 0); }
  EXPECT_EQ(fcntl(copy, F_GETFD), -1);
  { const FileBody body(file_, 0, {.owns_file = false}); }
  EXPECT_NE(fcntl(file_, F_GETFD), -1);
}

TEST_F(FileBodyTest, AFileThatBecameShorterFailsTheBody) {
  Write("abcdefghi");
  FileBody body(file_, 9, {.owns_file = false});
  EXPECT_EQ(TextOf(body.Read(4)), "abcd");
  ASSERT_EQ(ftruncate(file_, 6), 0);
  EXPECT_EQ(TextOf(body.Read(10)), "ef");
  EXPECT_EQ(body.Read(10).status,
            absl::DataLossError("the file became shorter: it has no byte 6 of "
                                "9 any more"));
}

TEST_F(FileBodyTest, AFileThatBecameLongerGivesTheBytesOfBefore) {
  Write("abcdefghi");
  FileBody body(file_, 9, {.owns_file = false});
  EXPECT_EQ(TextOf(body.Read(4)), "abcd");
  Write("more");
  EXPECT_EQ(TextOf(body.Read(100)), "efghi.");
}

TEST_F(FileBodyTest, AFileThatCannotBeReadFailsTheBody) {
  FileBody body(/*file=*/-1, 9, {.owns_file = false});
  EXPECT_EQ(body.Read(4).status.code(), absl::ErrnoToStatusCode(EBADF));
}

TEST_F(FileBodyTest, AShrinkingFileResetsItsStreamOnTheWire) {
  Write(std::string(20000, 'x'));
  Session session;
  session.Serve(std::make_unique<FileBody>(dup(file_), 20000));
  session.Drain(1);
  ASSERT_EQ(ftruncate(file_, 100), 0);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:16384 R1=2");
}

TEST_F(FileBodyTest, BlocksThatAreSentAreUsedAgain) {
  Write(std::string(100 * BlockPool::kBlockSize, 'x'));
  BlockPool pool;
  for (BlockPool* const blocks : {&pool, static_cast<BlockPool*>(nullptr)}) {
    FileBody body(file_, 100 * BlockPool::kBlockSize,
                  {.owns_file = false, .blocks = blocks});
    body.Read(BlockPool::kBlockSize);
    const uint64_t before = Allocations();
    for (int i = 0; i < 99; ++i) {
      EXPECT_EQ(body.Read(BlockPool::kBlockSize).size(), BlockPool::kBlockSize);
    }
    EXPECT_EQ(Allocations(), before);
  }
}

TEST_F(FileBodyTest, ABlockThatIsStillHeldIsNotUsedAgain) {
  Write("abcdefghi");
  FileBody body(file_, 9, {.owns_file = false});
  const DataSource::Chunk first = body.Read(4);
  const DataSource::Chunk second = body.Read(4);
  EXPECT_EQ(TextOf(first), "abcd");
  EXPECT_EQ(TextOf(second), "efgh");
}

}  // namespace
}  // namespace sluice::scheduler
