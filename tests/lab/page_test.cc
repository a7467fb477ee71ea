#include "benchmarks/lab/page/page.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/page_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string PageOf(absl::string_view resources) {
  return absl::StrCat(R"({"format":"h2-page-fixture/1","page":"p",)",
                      R"("resources":[)", resources, "]}");
}

constexpr absl::string_view kRoot =
    R"({"id":0,"type":"html","bytes":100,"render_blocking":"document"})";

// The root, and one more resource with these fields.
std::string WithSecond(absl::string_view fields) {
  return PageOf(
      absl::StrCat(kRoot, R"(,{"id":1,"type":"css","bytes":10,"initiator":0,)",
                   fields, "}"));
}

std::string ErrorOf(absl::string_view text) {
  absl::StatusOr<Page> page = ParsePage(text, "p.json");
  if (page.ok()) return "no error";
  EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(page.status().message());
}

template <typename Holds>
std::string LabelsWhere(const Page& page, Holds holds) {
  return absl::StrJoin(
      page.resources, " ", [&](std::string* out, const Resource& resource) {
        absl::StrAppend(out, holds(resource) ? resource.label : "-");
      });
}

std::string Labels(const Page& page, bool Resource::*member) {
  return LabelsWhere(page, [=](const Resource& r) { return r.*member; });
}

TEST(PageTest, ReadsTheDiscoveryOfAResource) {
  absl::StatusOr<Page> page =
      ParsePage(PageOf(absl::StrCat(
                    kRoot, R"(,{"id":7,"type":"css","bytes":10,"initiator":0,)"
                           R"("discovered":"stream","discovered_at_byte":40,)"
                           R"("discovery_delay_ms":1.5})"
                           R"(,{"id":3,"type":"image","bytes":0,"initiator":7,)"
                           R"("discovered":"end","discovered_at_byte":10})")),
                "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->resources.size(), 3u);
  EXPECT_EQ(page->resources[0].initiator, std::nullopt);
  EXPECT_EQ(page->resources[1].label, "css7");
  EXPECT_EQ(page->resources[1].initiator, 0u);
  EXPECT_EQ(page->resources[1].discovered_at_byte, 40u);
  EXPECT_EQ(page->resources[1].discovery_delay_ns, 1'500'000);
  EXPECT_EQ(page->resources[2].initiator, 1u);
  EXPECT_EQ(page->resources[2].discovered_at_byte, std::nullopt);
}

TEST(PageTest, ANameHasAHundredCharactersAtMost) {
  const auto named = [](size_t length) {
    return absl::StrCat(R"({"format":"h2-page-fixture/1","page":")",
                        std::string(length, 'n'), R"(","resources":[)", kRoot,
                        "]}");
  };
  EXPECT_EQ(ErrorOf(named(100)), "no error");
  for (const size_t length : {0, 101}) {
    EXPECT_THAT(ErrorOf(named(length)),
                HasSubstr("p.json: page: must be a name of 1 to 100 letters"));
  }
}

TEST(PageTest, RenderCriticalIsTheDocumentBlockingCssAndHeadScripts) {
  absl::StatusOr<Page> page = ParsePage(
      PageOf(absl::StrCat(
          kRoot,
          R"(,{"id":1,"type":"css","bytes":1,"initiator":0,"render_blocking":"render"})"
          R"(,{"id":2,"type":"css","bytes":1,"initiator":0,"render_blocking":false})"
          R"(,{"id":3,"type":"js","bytes":1,"initiator":0,"render_blocking":"parser"})"
          R"(,{"id":4,"type":"js","bytes":1,"initiator":0,"render_blocking":"parser-late"})"
          R"(,{"id":5,"type":"font","bytes":1,"initiator":1})"
          R"(,{"id":6,"type":"image","bytes":1,"initiator":0,"in_viewport":true})"
          R"(,{"id":7,"type":"image","bytes":1,"initiator":0,"in_viewport":false})"
          // For print: Chrome's lowest level.
          R"(,{"id":8,"type":"css","bytes":1,"initiator":0,"chrome_priority":"VeryLow"})")),
      "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(Labels(*page, &Resource::render_critical),
            "html0 css1 - js3 - - - - -");
  EXPECT_EQ(
      LabelsWhere(*page, [](const Resource& r) { return r.hints.in_head; }),
      "- css1 - js3 - - - - -");
  EXPECT_EQ(Labels(*page, &Resource::above_the_fold),
            "html0 css1 css2 js3 - font5 img6 - -");
}

TEST(PageTest, TheDocumentBehindRedirectsIsTheRenderCriticalOne) {
  absl::StatusOr<Page> page = ParsePage(
      PageOf(
          R"({"id":0,"type":"html","bytes":9,"redirect":true,"render_blocking":"document"})"
          R"(,{"id":1,"type":"html","bytes":9,"redirect":true,"initiator":0})"
          R"(,{"id":2,"type":"image","bytes":5,"initiator":0})"
          R"(,{"id":3,"type":"html","bytes":5,"initiator":1})"
          R"(,{"id":4,"type":"html","bytes":5,"initiator":3})"),
      "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(Labels(*page, &Resource::render_critical), "- - - html3 -");
  EXPECT_EQ(page->BodyBytes(), 15u);
}

// The root and an image out of view, which is the largest, with `more`.
std::string LcpCandidates(absl::string_view more) {
  const absl::StatusOr<Page> page = ParsePage(
      PageOf(absl::StrCat(
          kRoot, R"(,{"id":1,"type":"image","bytes":900,"initiator":0})",
          more)),
      "p.json");
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? Labels(*page, &Resource::lcp_candidate) : "";
}

TEST(PageTest, TheLcpCandidateIsNamedOrTheLargestImageInViewOrTheText) {
  constexpr absl::string_view kInView =
      R"(,{"id":2,"type":"image","bytes":50,"initiator":0,"in_viewport":true})"
      R"(,{"id":3,"type":"image","bytes":70,"initiator":0,"in_viewport":true})";
  EXPECT_EQ(LcpCandidates(kInView), "- - - img3");
  EXPECT_EQ(LcpCandidates(absl::StrCat(
                kInView, R"(,{"id":4,"type":"image","bytes":70,"initiator":0,)"
                         R"("in_viewport":true})")),
            "- - - img3 img4");
  EXPECT_EQ(LcpCandidates(""), "html0 -") << "the text";
  EXPECT_EQ(LcpCandidates(absl::StrCat(
                kInView, R"(,{"id":4,"type":"font","bytes":9,"initiator":0,)"
                         R"("lcp":true})")),
            "- - - - font4");
}

TEST(PageTest, OnlyWhatIsAboveTheFoldIsAnLcpCandidate) {
  EXPECT_EQ(ErrorOf(PageOf(absl::StrCat(
                kRoot, R"(,{"id":1,"type":"image","bytes":900,"initiator":0,)"
                       R"("lcp":true})"))),
            "p.json: resources[1].lcp: must be true of something above the "
            "fold only: the document, an image in_viewport, a font");
}

TEST(PageTest, AChangeOfMindWaitsForTheSameResourcesAsInTheCapture) {
  absl::StatusOr<Page> page = ParsePage(
      PageOf(
          R"({"id":0,"type":"html","bytes":9,"render_blocking":"document","start_ms":0,"end_ms":100})"
          R"(,{"id":1,"type":"css","bytes":9,"initiator":0,"render_blocking":"render","start_ms":110,"end_ms":300})"
          R"(,{"id":2,"type":"js","bytes":9,"initiator":0,"render_blocking":"parser","start_ms":110,"end_ms":400})"
          R"(,{"id":3,"type":"image","bytes":9,"initiator":0,"start_ms":120,"end_ms":500,)"
          R"("chrome_priority":"Low","chrome_priority_final":"High","reprioritised_ms":312.5})"),
      "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  const Resource& image = page->resources[3];
  EXPECT_EQ(image.level, ChromeLevel::kLow);
  ASSERT_TRUE(image.change_of_mind.has_value());
  EXPECT_EQ(image.change_of_mind->level, ChromeLevel::kHigh);
  // The script ended after the change, so it was not waited for.
  EXPECT_THAT(image.change_of_mind->after, ElementsAre(0, 1));
  EXPECT_EQ(image.change_of_mind->delay_ns, 12'500'000);
}

TEST(PageTest, EveryErrorNamesTheFileAndTheField) {
  const struct {
    std::string text;
    absl::string_view error;
  } cases[] = {
      {"", "p.json: is not complete JSON: it ends too early"},
      {R"({"format":)",
       "p.json: is not complete JSON: it ends too early, in format"},
      {R"({"format" 1})", "p.json: is not JSON: mistake at byte 11, in format"},
      {"[]",
       "p.json: is neither a HAR (an object with a log) nor a page of the "
       "lab (an object with a format)"},
      {"{}", "p.json: is neither a HAR"},
      {R"({"format":"h2-page-fixture/2"})",
       R"(p.json: format: must be "h2-page-fixture/1", not "h2-page-fixture/2")"},
      {R"({"format":"h2-page-fixture/1","page":"a b","resources":[]})",
       "p.json: page: must be a name"},
      {R"({"format":"h2-page-fixture/1","page":"p","resources":{}})",
       "p.json: resources: must be an array of at least one resource"},
      {PageOf("7"), "p.json: resources[0]: must be an object, not 7"},
      {PageOf(R"({"id":0,"type":"css","bytes":1,"type":"js"})"),
       "p.json: resources[0].type: is given twice"},
      {PageOf(R"({"type":"css","bytes":1})"),
       "p.json: resources[0].id: is missing"},
      {PageOf(R"({"id":0,"bytes":1})"),
       "p.json: resources[0].type: is missing"},
      {PageOf(R"({"id":0,"type":"flash","bytes":1})"),
       "p.json: resources[0].type: must be one of html, css, js, font, image, "
       "fetch, media, manifest, beacon, other, not \"flash\""},
      {PageOf(R"({"id":0,"type":"css"})"),
       "p.json: resources[0].bytes: is missing"},
      {PageOf(R"({"id":0,"type":"css","bytes":-5})"),
       "p.json: resources[0].bytes: must be a whole number from 0 to "
       "1073741824, not -5"},
      {PageOf(R"({"id":0,"type":"css","bytes":1.5})"),
       "p.json: resources[0].bytes: must be a whole number"},
      {PageOf(R"({"id":0,"type":"css","bytes":18446744073709551615})"),
       "p.json: resources[0].bytes: must be a whole number"},
      {PageOf(absl::StrCat(kRoot, ",", kRoot)),
       "p.json: resources[1].id: is 0, the id of resources[0]"},
      {WithSecond(R"("discovery_delay_ms":-1)"),
       "p.json: resources[1].discovery_delay_ms: must be a number from 0"},
      {WithSecond(R"("discovery_delay_ms":"soon")"),
       "p.json: resources[1].discovery_delay_ms: must be a number from 0"},
      {WithSecond(R"("discovered":"later")"),
       "p.json: resources[1].discovered: must be \"stream\" or \"end\""},
      {WithSecond(R"("discovered":"stream")"),
       "p.json: resources[1].discovered_at_byte: is missing"},
      {WithSecond(R"("discovered":"stream","discovered_at_byte":101)"),
       "p.json: resources[1].discovered_at_byte: is 101, beyond the 100 bytes"},
      {WithSecond(R"("redirect":"yes")"),
       "p.json: resources[1].redirect: must be true or false"},
      {WithSecond(R"("render_blocking":"maybe")"),
       "p.json: resources[1].render_blocking: must be one of document, "},
      {WithSecond(R"("render_blocking":true)"),
       "p.json: resources[1].render_blocking: must be a string, not true"},
      {WithSecond(R"("chrome_priority":"Highest")"),
       "p.json: resources[1].chrome_priority: must be one of VeryHigh, "},
      {WithSecond(R"("chrome_priority_final":"High","reprioritised_ms":5)"),
       "p.json: resources[1].start_ms: is missing beside reprioritised_ms"},
      {WithSecond(
           R"("chrome_priority_final":"High","reprioritised_ms":5,"start_ms":6)"),
       "p.json: resources[1].reprioritised_ms: must not be before start_ms"},
      {WithSecond(R"("trigger":{})"),
       "p.json: resources[1].trigger: must have either after_bytes_of or "},
      {WithSecond(R"("trigger":{"after_bytes_of":"low","bytes":0})"),
       "p.json: resources[1].trigger.bytes: must be a whole number from 1"},
      {PageOf(R"({"id":0,"type":"css","bytes":1,"initiator":9})"),
       "p.json: resources[0].initiator: is 9, which is no resource's id"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(ErrorOf(test.text), HasSubstr(test.error)) << test.text;
  }
}

TEST(PageTest, ACircleOfInitiatorsIsRefusedAndListed) {
  EXPECT_EQ(ErrorOf(PageOf(absl::StrCat(
                kRoot, R"(,{"id":5,"type":"css","bytes":1,"initiator":6})"
                       R"(,{"id":6,"type":"css","bytes":1,"initiator":8})"
                       R"(,{"id":8,"type":"css","bytes":1,"initiator":6})"))),
            "p.json: resources[1].initiator: leads into a circle: 5, 6, 8, 6");
  EXPECT_EQ(ErrorOf(PageOf(R"({"id":0,"type":"css","bytes":1,"initiator":0})")),
            "p.json: resources: all have an initiator, so the browser cannot "
            "start");
}

TEST(PageTest, ATriggerThatCannotFireIsRefused) {
  const absl::string_view low =
      R"({"id":1,"type":"image","bytes":50,"initiator":0,"role":"low"})";
  auto with_trigger = [&](absl::string_view trigger) {
    return PageOf(absl::StrCat(kRoot, ",", low,
                               R"(,{"id":2,"type":"image","bytes":1,)"
                               R"("initiator":0,"role":"low","trigger":)",
                               trigger, "}"));
  };
  EXPECT_EQ(ErrorOf(with_trigger(R"({"after_bytes_of":"low","bytes":50})")),
            "no error");
  EXPECT_EQ(ErrorOf(with_trigger(R"({"after_completed_of":"low","count":1})")),
            "no error");
  EXPECT_EQ(ErrorOf(with_trigger(R"({"after_bytes_of":"low","bytes":51})")),
            "p.json: resources[2].trigger: never fires: the role \"low\" "
            "has too few resources, or bytes, that come earlier");
  // Its own completion cannot be what it waits for.
  EXPECT_THAT(
      ErrorOf(with_trigger(R"({"after_completed_of":"low","count":2})")),
      HasSubstr("never fires"));
}

TEST(PageTest, AFileThatCannotBeReadIsNamed) {
  absl::StatusOr<Page> page = LoadPageFile("no/such/page.json");
  EXPECT_EQ(page.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(page.status().message(),
            "no/such/page.json: cannot be read: No such file or directory");
  EXPECT_EQ(LoadPageFile("benchmarks/lab/pages").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(PageTest, AFileOfMoreThan64MiBIsRefused) {
  const std::string path = ::testing::TempDir() + "/large.har";
  std::ofstream(path).close();
  std::filesystem::resize_file(path, (64 << 20) + 1);
  EXPECT_EQ(LoadPageFile(path).status().message(),
            path +
                ": is larger than 67108864 bytes; a HAR need not hold the "
                "bodies");
  std::filesystem::remove(path);
}

TEST(PageTest, WikipediasDocumentCssAndFoldAreRecognised) {
  absl::StatusOr<Page> page =
      LoadPageFile("benchmarks/lab/pages/wikipedia_mobile.json");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->name, "wikipedia_mobile");
  EXPECT_EQ(Labels(*page, &Resource::render_critical),
            "- - - html3 - css5 - - - - - - - - -");
  EXPECT_EQ(Labels(*page, &Resource::above_the_fold),
            "- - - html3 - css5 - img7 img8 img9 - - - - img14");
}

// printf '…' | sha256sum
TEST(PageTest, APageCarriesTheSha256OfItsFile) {
  const absl::StatusOr<Page> page =
      ParsePage(R"({"format":"h2-page-fixture/1","page":"p","resources":[)"
                R"({"id":0,"type":"html","bytes":1}]})",
                "p.json");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->sha256,
            "f61800aacd828f260aa98a713395bdc3237ac0b072aebd7fbaa54fb41a9f19c6");
}

TEST(PageTest, EveryTypeHasItsNameInPageFiles) {
  EXPECT_EQ(ResourceTypeName(ResourceType::kHtml), "html");
  EXPECT_EQ(ResourceTypeName(ResourceType::kImage), "image");
  EXPECT_EQ(ResourceTypeName(ResourceType::kOther), "other");
}

}  // namespace
}  // namespace sluice::lab
