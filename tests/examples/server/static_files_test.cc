#include "examples/server/static_files.h"

#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server/file_cache.h"
#include "examples/server/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const size_t kTooLargeForMemory = FileCacheOptions().max_file_in_memory + 1;

class StaticFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(base_);
    root_ = base_ / "root";
    fs::create_directories(root_ / "sub" / "empty");
    Write("outside.txt", "secret");
    Write("root/index.html", "<p>home");
    Write("root/a.css", "p{}");
    Write("root/sub/index.html", "<p>sub");
    Write("root/with space.txt", "spaced");
    Write("root/nothing.txt", "");
  }
  void TearDown() override { fs::remove_all(base_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(base_ / name, std::ios::binary) << content;
  }

  // The response with fields of its own.
  struct OwnedResponse : Response {
    explicit OwnedResponse(Response response)
        : Response(std::move(response)),
          headers(Response::headers.begin(), Response::headers.end()) {}
    std::vector<h2::Header> headers;
  };

  // By a server that has just begun, so that nothing is in its cache.
  OwnedResponse Respond(absl::string_view method, absl::string_view path) {
    absl::StatusOr<std::unique_ptr<StaticFiles>> files =
        StaticFiles::Open(root_.string());
    EXPECT_TRUE(files.ok()) << files.status();
    servers_.push_back(*std::move(files));
    return OwnedResponse(
        servers_.back()->Respond(method, path, absl::UnixEpoch()));
  }
  OwnedResponse Get(absl::string_view path) { return Respond("GET", path); }
  int StatusOf(absl::string_view path) { return Get(path).status; }

  static std::string Field(const OwnedResponse& response,
                           absl::string_view name) {
    for (const h2::Header& header : response.headers) {
      if (header.name == name) return header.value;
    }
    return "(none)";
  }

  static std::string Text(const scheduler::DataSource::Chunk& chunk) {
    return absl::StrCat(std::string(chunk.data), chunk.shared.bytes);
  }

  // Reads the whole body in pieces of `size` bytes.
  static std::string Body(const Response& response, size_t size = 16384) {
    std::string body;
    if (response.body == nullptr) return body;
    while (true) {
      scheduler::DataSource::Chunk chunk = response.body->Read(size);
      EXPECT_TRUE(chunk.status.ok()) << chunk.status;
      EXPECT_LE(chunk.size(), size);
      body += Text(chunk);
      if (chunk.end || !chunk.status.ok()) return body;
    }
  }

  fs::path base_;
  fs::path root_;
  std::vector<std::unique_ptr<StaticFiles>> servers_;  // bodies need theirs
};

TEST_F(StaticFilesTest, AFileIsServedWithItsTypeAndLength) {
  const OwnedResponse response = Get("/a.css");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.front().name, ":status");
  EXPECT_EQ(Field(response, ":status"), "200");
  EXPECT_EQ(Field(response, "content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(Field(response, "content-length"), "3");
  EXPECT_EQ(Field(response, "date"), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(Body(response), "p{}");
  EXPECT_EQ(response.hints.bytes_remaining, 3);
  EXPECT_EQ(response.hints.resource_class, scheduler::ResourceClass::kCss);
  EXPECT_EQ(Body(Get("/with%20space.txt?x")), "spaced");
}

TEST_F(StaticFilesTest, ABodyIsReadInGrantsOfAnySize) {
  std::string content;
  for (int i = 0; i < 5000; ++i) content += std::to_string(i);
  Write("root/big.bin", content);
  for (const size_t grant : {1ul, 7ul, 1391ul, 16384ul, 1'000'000ul}) {
    EXPECT_EQ(Body(Get("/big.bin"), grant), content) << grant;
  }
}

TEST_F(StaticFilesTest, TheLastChunkIsMarkedAsTheEnd) {
  const OwnedResponse response = Get("/a.css");
  scheduler::DataSource::Chunk first = response.body->Read(2);
  EXPECT_EQ(Text(first), "p{");
  EXPECT_FALSE(first.end);
  scheduler::DataSource::Chunk last = response.body->Read(2);
  EXPECT_EQ(Text(last), "}");
  EXPECT_TRUE(last.end);
}

TEST_F(StaticFilesTest, AFileThatGrowsGivesTheAnnouncedLength) {
  Write("root/big.bin", std::string(kTooLargeForMemory, 'b'));
  for (const std::string name : {"a.css", "big.bin"}) {
    const OwnedResponse response = Get("/" + name);
    const std::string announced = Field(response, "content-length");
    std::ofstream(root_ / name, std::ios::app) << "more";
    EXPECT_EQ(std::to_string(Body(response).size()), announced) << name;
  }
}

TEST_F(StaticFilesTest, AFileThatShrinksFailsItsBody) {
  Write("root/big.bin", std::string(kTooLargeForMemory, 'b'));
  const OwnedResponse response = Get("/big.bin");
  fs::resize_file(root_ / "big.bin", 1);
  EXPECT_EQ(Text(response.body->Read(16384)), "b");
  EXPECT_TRUE(absl::IsDataLoss(response.body->Read(16384).status));
}

TEST_F(StaticFilesTest, ASmallFileThatShrinksIsSentAsItWas) {
  const OwnedResponse response = Get("/a.css");
  fs::resize_file(root_ / "a.css", 1);
  EXPECT_EQ(Body(response), "p{}");
}

// A client may ask for many files and read none of them.
TEST_F(StaticFilesTest, BodiesThatNobodyReadsHoldABoundedPartOfTheFiles) {
  absl::StatusOr<std::unique_ptr<StaticFiles>> files = StaticFiles::Open(
      root_.string(), {.max_file_in_memory = 1000, .max_memory = 2000});
  ASSERT_TRUE(files.ok()) << files.status();
  for (int i = 0; i < 10; ++i) {
    Write(absl::StrCat("root/", i), std::string(1000, 'a' + i));
  }
  std::vector<std::unique_ptr<scheduler::DataSource>> bodies;
  for (int i = 0; i < 30; ++i) {
    Response response =
        (*files)->Respond("GET", absl::StrCat("/", i % 10), absl::UnixEpoch());
    ASSERT_EQ(response.status, 200);
    bodies.push_back(std::move(response.body));
    EXPECT_LE((*files)->cache().held(), 4000u);
  }
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(Text(bodies[i]->Read(2000)), std::string(1000, 'a' + i % 10));
  }
  bodies.clear();
  (*files)->ReleaseFiles();
  EXPECT_EQ((*files)->cache().held(), 0u);
}

TEST_F(StaticFilesTest, TheCacheGivesDescriptorsBackWhenNoneIsLeft) {
  absl::StatusOr<std::unique_ptr<StaticFiles>> files =
      StaticFiles::Open(root_.string(), {.max_file_in_memory = 1});
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ((*files)->Respond("GET", "/a.css", absl::UnixEpoch()).status, 200);
  ASSERT_EQ((*files)->Respond("GET", "/", absl::UnixEpoch()).status, 200);
  ASSERT_EQ(
      (*files)->Respond("GET", "/with%20space.txt", absl::UnixEpoch()).status,
      200);
  std::vector<UniqueFd> taken;
  while (true) {
    UniqueFd fd(::dup(STDERR_FILENO));
    if (!fd.valid()) break;
    taken.push_back(std::move(fd));
  }
  const int status =
      (*files)->Respond("GET", "/sub/", absl::UnixEpoch()).status;
  taken.clear();
  EXPECT_EQ(status, 200);
}

TEST_F(StaticFilesTest, HeadGivesTheFieldsOfGetAndNoBody) {
  for (const absl::string_view path : {"/a.css", "/", "/none", "/sub", "/%"}) {
    const OwnedResponse get = Get(path);
    const OwnedResponse head = Respond("HEAD", path);
    EXPECT_EQ(head.headers, get.headers) << path;
    EXPECT_EQ(head.body, nullptr) << path;
  }
}

TEST_F(StaticFilesTest, HeadReadsNoFile) {
  constexpr size_t kSize = 1024 * 1024;
  static_assert(kSize <= FileCacheOptions().max_file_in_memory);
  Write("root/large.bin", std::string(kSize, 'x'));
  // The bytes that this process has read.
  const auto bytes_read = [] {
    std::string name;
    size_t bytes = 0;
    std::ifstream("/proc/self/io") >> name >> bytes;
    EXPECT_EQ(name, "rchar:");
    return bytes;
  };
  const size_t before = bytes_read();
  EXPECT_EQ(Field(Respond("HEAD", "/large.bin"), "content-length"), "1048576");
  EXPECT_LT(bytes_read() - before, kSize / 2);
}

TEST_F(StaticFilesTest, AnEmptyFileHasLengthZero) {
  const OwnedResponse response = Get("/nothing.txt");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Field(response, "content-length"), "0");
  EXPECT_EQ(response.body, nullptr);
}

TEST_F(StaticFilesTest, AFolderIsServedAsItsIndexHtml) {
  EXPECT_EQ(Body(Get("/")), "<p>home");
  EXPECT_EQ(Field(Get("/"), "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(Body(Get("/sub/")), "<p>sub");
  EXPECT_EQ(Body(Get("/sub/empty/../")), "<p>sub");
  EXPECT_EQ(StatusOf("/sub/empty/"), 404) << "no listing";
}

TEST_F(StaticFilesTest, AFolderWithoutItsSlashRedirectsWithinThisServer) {
  const OwnedResponse response = Get("/sub");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(Field(response, "location"), "/sub/");
  // "//sub" as a location would be another host's.
  EXPECT_EQ(Field(Get("//sub"), "location"), "/sub/");
  fs::create_directory(root_ / "odd name");
  EXPECT_EQ(Field(Get("/odd%20name"), "location"), "/odd%20name/");
}

TEST_F(StaticFilesTest, AMissingFileIs404) {
  EXPECT_EQ(StatusOf("/none"), 404);
  EXPECT_EQ(StatusOf("/a.css/"), 404) << "a file is no folder";
  EXPECT_EQ(StatusOf("/a.css/b"), 404);
  EXPECT_EQ(StatusOf("/" + std::string(300, 'n')), 404);
  EXPECT_EQ(StatusOf("/" + std::string(60'000, 'n')), 404);
  EXPECT_EQ(Body(Get("/none")), "404 Not Found\n");
  EXPECT_EQ(Field(Get("/none"), "content-length"), "14");
}

TEST_F(StaticFilesTest, APathThatCannotBeDecodedIs400) {
  EXPECT_EQ(StatusOf("/%zz"), 400);
  EXPECT_EQ(StatusOf("/a.css%00.html"), 400);
  EXPECT_EQ(StatusOf(""), 400);
  EXPECT_EQ(StatusOf("*"), 400);
}

TEST_F(StaticFilesTest, OtherMethodsAre405WithAllow) {
  for (const absl::string_view method :
       {"POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get", ""}) {
    const OwnedResponse response = Respond(method, "/a.css");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(Field(response, "allow"), "GET, HEAD");
  }
}

// '?', '#' and '%' have a meaning in a path, and may be in a file's name. The
// cache must not take one for the other.
TEST_F(StaticFilesTest, AnOddNameIsNotMistakenForAPath) {
  Write("root/a", "a");
  Write("root/a?b", "question mark");
  Write("root/a#b", "hash");
  Write("root/%61", "percent");
  absl::StatusOr<std::unique_ptr<StaticFiles>> files =
      StaticFiles::Open(root_.string());
  ASSERT_TRUE(files.ok()) << files.status();
  const auto body = [&](absl::string_view path) {
    return Body((*files)->Respond("GET", path, absl::UnixEpoch()));
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(body("/a%3fb"), "question mark");
    EXPECT_EQ(body("/a%23b"), "hash");
    EXPECT_EQ(body("/%2561"), "percent");
    EXPECT_EQ(body("/a?b"), "a");
    EXPECT_EQ(body("/a#b"), "a");
    EXPECT_EQ(body("/%61"), "a");
    EXPECT_EQ(body("//a"), "a");
  }
  EXPECT_EQ((*files)->cache().files(), 4) << "one entry for each file";
}

TEST_F(StaticFilesTest, NoPathLeavesTheRoot) {
  for (const absl::string_view path :
       {"/../outside.txt", "/sub/../../outside.txt", "/%2e%2e/outside.txt",
        "/..%2foutside.txt", "/sub/%2e%2e/%2e%2e/outside.txt",
        "//../outside.txt", "/./../root/a.css"}) {
    EXPECT_EQ(StatusOf(path), 404) << path;
  }
}

TEST_F(StaticFilesTest, ASymbolicLinkOutOfTheRootIs404) {
  fs::create_symlink("../outside.txt", root_ / "relative");
  fs::create_symlink(base_ / "outside.txt", root_ / "absolute");
  fs::create_directory_symlink("..", root_ / "up");
  fs::create_directory_symlink(base_, root_ / "sub" / "base");
  fs::create_symlink("absolute", root_ / "twice");
  fs::create_symlink("loop", root_ / "loop");
  fs::create_symlink("gone", root_ / "dangling");
  for (const absl::string_view path :
       {"/relative", "/absolute", "/up/outside.txt", "/up", "/up/",
        "/sub/base/outside.txt", "/twice", "/loop", "/dangling"}) {
    EXPECT_EQ(StatusOf(path), 404) << path;
  }
}

TEST_F(StaticFilesTest, ANeighbourWhoseNameBeginsLikeTheRootIsOutside) {
  fs::create_directory(base_ / "root2");
  Write("root2/a.txt", "neighbour");
  fs::create_symlink("../root2/a.txt", root_ / "near");
  EXPECT_EQ(StatusOf("/near"), 404);
}

TEST_F(StaticFilesTest, ASymbolicLinkThatStaysInsideIsFollowed) {
  fs::create_symlink("../a.css", root_ / "sub" / "link.css");
  fs::create_symlink(root_ / "a.css", root_ / "absolute.css");
  fs::create_directory_symlink("sub", root_ / "also");
  EXPECT_EQ(Body(Get("/sub/link.css")), "p{}");
  EXPECT_EQ(Body(Get("/absolute.css")), "p{}");
  EXPECT_EQ(Body(Get("/also/")), "<p>sub");
}

TEST_F(StaticFilesTest, ThePipeIsNotOpenedAndIs404) {
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(StatusOf("/pipe"), 404);
  fs::create_symlink("/dev/zero", root_ / "zero");
  EXPECT_EQ(StatusOf("/zero"), 404);
}

TEST_F(StaticFilesTest, TheRootMayBeGivenThroughASymbolicLink) {
  fs::create_directory_symlink(root_, base_ / "link");
  absl::StatusOr<std::unique_ptr<StaticFiles>> files =
      StaticFiles::Open((base_ / "link").string() + "/");
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(Body((*files)->Respond("GET", "/", absl::UnixEpoch())), "<p>home");
}

TEST_F(StaticFilesTest, ARootThatCannotBeServedIsNamed) {
  EXPECT_THAT(StaticFiles::Open((base_ / "none").string()).status().message(),
              HasSubstr("none'"));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      StaticFiles::Open((base_ / "outside.txt").string()).status()))
      << "a file is no root";
}

}  // namespace
}  // namespace sluice::examples
