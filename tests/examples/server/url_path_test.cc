#include "examples/server/url_path.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

// "NAME", "NAME (folder)", or the name of the error's code.
std::string Parse(absl::string_view target) {
  const absl::StatusOr<UrlPath> path = ParseUrlPath(target);
  if (!path.ok()) return absl::StatusCodeToString(path.status().code());
  return path->folder ? path->name + " (folder)" : path->name;
}

TEST(UrlPathTest, NamesAFileOrAFolderBelowTheRoot) {
  EXPECT_EQ(Parse("/"), " (folder)");
  EXPECT_EQ(Parse("/index.html"), "index.html");
  EXPECT_EQ(Parse("/a/b.css"), "a/b.css");
  EXPECT_EQ(Parse("/a/b/"), "a/b (folder)");
}

TEST(UrlPathTest, TheNameExcludesTheQuery) {
  EXPECT_EQ(Parse("/a.js?v=3&path=../x"), "a.js");
  EXPECT_EQ(Parse("/?/../.."), " (folder)");
}

TEST(UrlPathTest, DecodesPercentEscapes) {
  EXPECT_EQ(Parse("/with%20space%2Etxt"), "with space.txt");
  EXPECT_EQ(Parse("/%C3%A4.html"), "\xC3\xA4.html");
  EXPECT_EQ(Parse("/100%25"), "100%");
  EXPECT_EQ(Parse("/%2561"), "%61") << "decoded once, not twice";
}

TEST(UrlPathTest, ABrokenEscapeOrANulIsRefused) {
  for (const absl::string_view target :
       {"/%", "/%2", "/%zz", "/a%2", "/%00", "/index.html%00.png", "", "a", "*",
        "http://host/a"}) {
    EXPECT_EQ(Parse(target), "INVALID_ARGUMENT") << target;
  }
  EXPECT_EQ(Parse(absl::string_view("/a\0b", 4)), "INVALID_ARGUMENT");
}

TEST(UrlPathTest, DotSegmentsAreRemovedEvenWhenEscaped) {
  EXPECT_EQ(Parse("/a/./b"), "a/b");
  EXPECT_EQ(Parse("/a/x/../b"), "a/b");
  EXPECT_EQ(Parse("/a/x/%2e%2E/b"), "a/b");
  EXPECT_EQ(Parse("/a/x%2f..%2fb"), "a/b");
  EXPECT_EQ(Parse("/a/.."), " (folder)");
  EXPECT_EQ(Parse("/a/."), "a (folder)");
  EXPECT_EQ(Parse("//a///b"), "a/b");
  EXPECT_EQ(Parse("/..a/...b/.c"), "..a/...b/.c") << "these are names";
}

TEST(UrlPathTest, NothingClimbsAboveTheRoot) {
  for (const absl::string_view target :
       {"/..", "/../etc/passwd", "/a/../../etc/passwd", "/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd", "/.%2e/x", "/a/b/../../../a", "//..",
        "/./.."}) {
    EXPECT_EQ(Parse(target), "NOT_FOUND") << target;
  }
}

TEST(UrlPathTest, EncodingEscapesBytesThatAPathMayNotHold) {
  EXPECT_EQ(EncodeUrlPath("a/b-c_~.html"), "a/b-c_~.html");
  EXPECT_EQ(EncodeUrlPath("with space"), "with%20space");
  EXPECT_EQ(EncodeUrlPath("a\r\nb?c#d\"%"), "a%0D%0Ab%3Fc%23d%22%25");
  EXPECT_EQ(EncodeUrlPath("\xC3\xA4"), "%C3%A4");
}

}  // namespace
}  // namespace sluice::examples
