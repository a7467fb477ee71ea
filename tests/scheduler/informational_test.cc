// Informational responses (RFC 9110 §15.2; RFC 9113 §8.1) beside a response
// whose body the scheduler sends.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/scheduler/session.h"

namespace sluice::scheduler {
namespace {

using testing::BytesSource;
using testing::Session;
using testing::SessionOptions;

TEST(InformationalTest, SubmitTakesNoInformationalStatusAndChangesNothing) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    for (const char* status : {"100", "103", "199", " 103"}) {
      SCOPED_TRACE(absl::StrCat(entry.name, " ", status));
      Session session(SessionOptions{.policy = entry.name});
      const h2::StreamId id = session.Request();
      const auto submit = [&](std::unique_ptr<DataSource> body,
                              SubmitOptions options = {}) {
        return session.scheduler()
            .Submit(id, {{":status", status}}, std::move(body), options)
            .code();
      };
      EXPECT_EQ(submit(std::make_unique<BytesSource>(10)),
                absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(submit(nullptr), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(submit(nullptr, {.trailers = {{"checksum", "1"}}}),
                absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(session.server().OutputSize(), 0u);
      EXPECT_EQ(session.scheduler().ActiveBodies(), 0u);
      ASSERT_TRUE(session.Respond(id, 10).ok());
      session.Drain();
      EXPECT_EQ(session.Take(), "H1 1:10.");
      EXPECT_EQ(session.scheduler().counters().streams_reset, 0u);
    }
  }
}

TEST(InformationalTest, AnyNumberGoesAtOnceBeforeTheResponse) {
  Session session;
  const h2::StreamId id = session.Request();
  for (const char* status : {"100", "103", "103"}) {
    ASSERT_TRUE(
        session.scheduler()
            .SubmitInformational(id, {{":status", status}, {"link", "</a>"}})
            .ok());
  }
  ASSERT_TRUE(session.Respond(id, 10).ok());
  session.scheduler().Pull(16384);
  std::vector<h2::Event> events;
  ASSERT_TRUE(session.client()
                  .ReceiveData(session.server().DataToSend(), &events)
                  .ok());
  std::string log;
  for (const h2::Event& event : events) {
    if (const auto* informational =
            std::get_if<h2::InformationalResponseReceived>(&event)) {
      absl::StrAppend(&log, informational->headers[0].value, " ");
    } else if (std::holds_alternative<h2::ResponseReceived>(event)) {
      log += "response ";
    } else if (std::holds_alternative<h2::StreamEnded>(event)) {
      log += "end";
    }
  }
  EXPECT_EQ(log, "100 103 103 response end");
}

TEST(InformationalTest, OnlyAnInformationalStatusAndOnlyBeforeTheResponse) {
  Session session;
  const h2::StreamId id = session.Request();
  const auto submit = [&](const h2::Header& header) {
    return session.scheduler().SubmitInformational(id, {header});
  };
  EXPECT_EQ(submit({":status", "200"}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(submit({"a", "b"}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(submit({":status", "101"}).ok());  // RFC 9113 §8.6
  EXPECT_EQ(session.server().OutputSize(), 0u);
  ASSERT_TRUE(session.Respond(id, 100).ok());
  session.Drain(1, 50);
  EXPECT_EQ(submit({":status", "103"}).code(),
            absl::StatusCode::kFailedPrecondition);
  session.Drain();
  EXPECT_EQ(session.Take(), "H1 1:50 1:50.");
}

}  // namespace
}  // namespace sluice::scheduler
