#include "examples/server/access_log.h"

#include <unistd.h>

#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

AccessLogEntry Entry() {
  AccessLogEntry entry;
  entry.finished = absl::FromUnixMillis(1'772'366'400'250);
  entry.took = absl::Microseconds(3150);
  entry.peer = "127.0.0.1:5000";
  entry.stream_id = 7;
  entry.method = "GET";
  entry.path = "/a.html";
  entry.status = 200;
  entry.body_bytes = 1024;
  entry.outcome = "complete";
  return entry;
}

TEST(AccessLogTest, ALineHasThePeerTheRequestAndItsOutcome) {
  EXPECT_EQ(FormatAccessLogEntry(Entry()),
            "2026-03-01T12:00:00.250Z 127.0.0.1:5000 7 \"GET /a.html\" 200 "
            "1024 3.1ms complete\n");
}

TEST(AccessLogTest, EachSecondHasItsOwnDate) {
  AccessLogEntry entry = Entry();
  FormatAccessLogEntry(entry);
  entry.finished += absl::Milliseconds(755);
  EXPECT_EQ(FormatAccessLogEntry(entry).substr(0, 25),
            "2026-03-01T12:00:01.005Z ");
}

TEST(AccessLogTest, APeerCannotForgeALine) {
  AccessLogEntry entry = Entry();
  entry.method = "GE\"T";
  entry.path = "/a\n2026 fake \"x\" \x1b[31m\xff";
  const std::string line = FormatAccessLogEntry(entry);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_NE(line.find(R"("GE\"T /a\n2026 fake \"x\" \x1b[31m\xff")"),
            std::string::npos)
      << line;
}

TEST(AccessLogTest, ALongTextIsCut) {
  const std::string whole(kMostLogged, 'x');
  EXPECT_EQ(CutForLog(whole), whole);
  EXPECT_EQ(CutForLog(whole + "y"), whole + "...");
}

TEST(AccessLogTest, AConnectionErrorIsLoggedToo) {
  EXPECT_EQ(FormatConnectionError(Entry().finished, "[::1]:9", "bad\npreface"),
            "2026-03-01T12:00:00.250Z [::1]:9 - connection error: "
            "bad\\npreface\n");
}

TEST(AccessLogTest, GathersLinesUntilFlush) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  int calls = 0;
  AccessLog log(pipe_fds[1], [&] { ++calls; });
  log.Add(Entry());
  log.Add(Entry());
  EXPECT_EQ(calls, 1) << "once for what one Flush() will write";
  log.Flush();
  char buffer[1024];
  const ssize_t got = read(pipe_fds[0], buffer, sizeof(buffer));
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(buffer, got),
            FormatAccessLogEntry(Entry()) + FormatAccessLogEntry(Entry()));
  log.Add(Entry());
  EXPECT_EQ(calls, 2);
  log.Flush();
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

TEST(AccessLogTest, WithoutADescriptorNothingIsGathered) {
  int calls = 0;
  AccessLog log(-1, [&] { ++calls; });
  log.Add(Entry());
  log.AddConnectionError(absl::Now(), "peer", "error");
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace sluice::examples
