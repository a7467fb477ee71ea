// The JSON Lines of a trace.
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/json_lines.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using ::sluice::trace::ReadTrace;
using ::sluice::trace::TraceEventFromJson;
using ::sluice::trace::TraceEventToJson;
using ::testing::HasSubstr;

TEST(TraceJsonTest, LinesReadAsTheirFormatSays) {
  EXPECT_EQ(TraceEventToJson(TraceCharge{1, 1400}),
            R"({"call":"charge","id":1,"bytes":1400})");
  TraceOpen open{1, {}};
  open.info.rfc7540 = signals::Rfc7540Priority{0, 256, true};
  open.info.rfc9218 = signals::Rfc9218Priority{0, true};
  EXPECT_EQ(TraceEventToJson(open),
            R"({"call":"open","id":1,"rfc7540":[0,256,true],)"
            R"("rfc9218":[0,true]})");
}

// The text says which field, which value, and which values are allowed.
TEST(TraceJsonTest, ABadLineIsRefusedWithTheFieldAndTheAllowedValues) {
  struct Case {
    std::string line;
    std::string says;
  };
  for (const Case& c : std::vector<Case>{
           {"", "\"\" is no JSON object"},
           {"{", "\"{\" is no JSON object"},
           {"[]", "\"[]\" is no JSON object"},
           {"7", "\"7\" is no JSON object"},
           {R"({"id":1})", R"("call" is missing)"},
           {R"({"call":"dance","id":1})",
            R"("call" is "dance"; it must be one of made, open, priority, )"},
           {R"({"call":["open"],"id":1})",
            R"("call" is a list; it must be a string)"},
           {R"({"call":"open"})", R"("id" is missing)"},
           {R"({"call":"open","id":"one"})",
            R"("id" is "one"; it must be a whole number from 0 to 4294967295)"},
           {R"({"call":"pick","id":1})", R"("n" is missing)"},
           {R"({"call":"open","id":1,"rfc7540":[0]})",
            R"("rfc7540" is a list; it must be a list of 3)"},
           // Numbers that would be other ones in their place.
           {R"({"call":"open","id":1.7})",
            R"("id" is 1.7; it must be a whole)"},
           {R"({"call":"open","id":-1})", R"("id" is -1; it must be a whole)"},
           {R"({"call":"open","id":true})", R"("id" is true; it must be a )"},
           {R"({"call":"open","id":4294967297})", R"("id" is 4294967297; it )"},
           {R"({"call":"open","id":1e300})", R"("id" is 1e+300; it must be )"},
           {R"({"call":"open","id":1,"rfc7540":[0,4294967312,true]})",
            R"("rfc7540" is 4294967312; it must be a whole number from -2147)"},
           {R"({"call":"open","id":1,"rfc9218":[0.5,true]})",
            R"("rfc9218" is 0.5; it must be a whole number)"},
           {R"({"call":"charge","id":1,"bytes":-1})", R"("bytes" is -1; it )"},
           {R"({"call":"open","id":1,"moved":1})",
            R"("moved" is 1; it must be true or false)"},
           {R"({"call":"open","id":1,"server":3})",
            R"("server" is 3; it must be an object)"},
           {R"({"call":"open","id":1,"hints":{"class":"gif"}})",
            R"("class" is "gif"; it must be one of unknown, html, css, js)"},
           {R"({"call":"priority","id":1,"changed":"mood"})",
            R"("changed" is "mood"; it must be one of rfc7540, server_rfc75)"},
       }) {
    const absl::Status status = TraceEventFromJson(c.line).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says)) << c.line;
  }
  std::stringstream file("{\"call\":\"uses_rfc9218\"}\n\nnonsense\n");
  EXPECT_THAT(std::string(ReadTrace(file).status().message()),
              HasSubstr("line 3: \"nonsense\" is no JSON object"));
  std::stringstream headless("\n{\"call\":\"uses_rfc9218\"}\n");
  EXPECT_EQ(ReadTrace(headless).status().message(),
            "line 2: a log must begin with \"made\"");
}

// A reader that recursed would need a stack frame for each level.
TEST(TraceJsonTest, AValueOfAMillionLevelsIsRefused) {
  const std::string deep =
      absl::StrCat(R"({"call":"open","id":)", std::string(1'000'000, '['),
                   std::string(1'000'000, ']'), "}");
  EXPECT_EQ(
      TraceEventFromJson(deep).status().message(),
      R"("id" is a list; it must be a whole number from 0 to 4294967295)");
}

TEST(TraceJsonTest, ASpecOfAnyBytesIsWritten) {
  EXPECT_THAT(TraceEventToJson(TraceMade{"rr\xff", {}}), HasSubstr("\"made\""));
}

}  // namespace
}  // namespace sluice::scheduler
