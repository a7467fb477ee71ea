#include "examples/server/media_type.h"

#include <sluice/scheduler/policy.h>

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

using ::sluice::scheduler::ResourceClass;

std::string TypeOf(absl::string_view path) {
  return std::string(MediaTypeOf(path).content_type);
}

TEST(MediaTypeTest, TheEndingOfTheNameDecides) {
  EXPECT_EQ(TypeOf("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(TypeOf("a/b/style.css"), "text/css; charset=utf-8");
  EXPECT_EQ(TypeOf("app.min.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(TypeOf("logo.svg"), "image/svg+xml");
  EXPECT_EQ(TypeOf("photo.jpg"), "image/jpeg");
  EXPECT_EQ(TypeOf("photo.webp"), "image/webp");
  EXPECT_EQ(TypeOf("font.woff2"), "font/woff2");
  EXPECT_EQ(TypeOf("data.json"), "application/json");
  EXPECT_EQ(TypeOf("module.wasm"), "application/wasm");
  EXPECT_EQ(TypeOf("film.mp4"), "video/mp4");
}

TEST(MediaTypeTest, CaseDoesNotMatter) {
  EXPECT_EQ(TypeOf("PHOTO.JPG"), "image/jpeg");
  EXPECT_EQ(TypeOf("Index.Html"), "text/html; charset=utf-8");
}

TEST(MediaTypeTest, AnUnknownEndingIsAnOctetStream) {
  EXPECT_EQ(TypeOf("README"), "application/octet-stream");
  EXPECT_EQ(TypeOf("a.unheardof"), "application/octet-stream");
  EXPECT_EQ(TypeOf("trailing."), "application/octet-stream");
  EXPECT_EQ(TypeOf(".html"), "application/octet-stream") << "a hidden file";
  EXPECT_EQ(TypeOf("folder.css/file"), "application/octet-stream");
}

TEST(MediaTypeTest, TellsPoliciesTheResourceClass) {
  EXPECT_EQ(MediaTypeOf("a.html").resource_class, ResourceClass::kHtml);
  EXPECT_EQ(MediaTypeOf("a.css").resource_class, ResourceClass::kCss);
  EXPECT_EQ(MediaTypeOf("a.mjs").resource_class, ResourceClass::kJs);
  EXPECT_EQ(MediaTypeOf("a.woff").resource_class, ResourceClass::kFont);
  EXPECT_EQ(MediaTypeOf("a.png").resource_class, ResourceClass::kImage);
  EXPECT_EQ(MediaTypeOf("a.json").resource_class, ResourceClass::kFetch);
  EXPECT_EQ(MediaTypeOf("a.webm").resource_class, ResourceClass::kMedia);
  EXPECT_EQ(MediaTypeOf("a.bin").resource_class, ResourceClass::kOther);
}

}  // namespace
}  // namespace sluice::examples
