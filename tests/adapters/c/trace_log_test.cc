// The decision logs that SLUICE_TRACE asks for, played by the replay program.
#include <sys/wait.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "adapters/c/sluice.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string LogPath() { return testing::TempDir() + "/c.jsonl"; }

struct Outcome {
  int status = 0;
  std::string output;
};

Outcome RunReplay(const std::string& arguments) {
  Outcome outcome;
  FILE* pipe = popen(("trace/replay " + arguments + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) {
    outcome.output.append(buffer, size);
  }
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

// Two streams of 30,000 bytes that share, in grants of 16,384 bytes; the server
// blocks each before it closes it.
void Serve(const char* spec) {
  sluice_policy* policy = nullptr;
  ASSERT_EQ(sluice_create(SLUICE_ABI_VERSION, spec, nullptr, &policy),
            SLUICE_OK);
  const sluice_rfc9218 incremental = {3, 1};
  for (const uint32_t id : {1, 3}) {
    ASSERT_EQ(sluice_advance_time(policy, 1'000'000), SLUICE_OK);
    ASSERT_EQ(sluice_open(policy, id, nullptr, &incremental), SLUICE_OK);
    ASSERT_EQ(sluice_ready(policy, id), SLUICE_OK);
  }
  ASSERT_EQ(sluice_advance_time(policy, UINT64_MAX), SLUICE_OK);
  size_t left[] = {30'000, 30'000};
  sluice_grant grant;
  while (sluice_pick(policy, &grant) == SLUICE_OK) {
    size_t& body = left[grant.stream_id / 2];
    const size_t sent = body < grant.max_bytes ? body : grant.max_bytes;
    body -= sent;
    ASSERT_EQ(sluice_charge(policy, grant.stream_id, sent), SLUICE_OK);
    if (body > 0) continue;
    ASSERT_EQ(sluice_blocked(policy, grant.stream_id), SLUICE_OK);
    ASSERT_EQ(sluice_close(policy, grant.stream_id), SLUICE_OK);
  }
  sluice_destroy(policy);
}

TEST(TraceLogTest, TheLogOfEachPolicyPlaysToTheSameDecisions) {
  Serve("rfc9218");
  Serve("fifo");
  const Outcome first = RunReplay(LogPath());
  EXPECT_EQ(first.status, 0) << first.output;
  EXPECT_EQ(first.output,
            "     0  1 16384 B (u=3, i)\n"
            "     1  3 16384 B (u=3, i)\n"
            "     2  1 13616 B (u=3, i)\n"
            "     3  3 13616 B (u=3, i)\n"
            "     4  nothing ready\n");
  const Outcome second = RunReplay(LogPath() + ".2");
  EXPECT_EQ(second.status, 0) << second.output;
  EXPECT_THAT(second.output, StartsWith("     0  1 16384 B (first come)\n"
                                        "     1  1 13616 B (first come)\n"));
  std::ifstream file(LogPath());
  std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, HasSubstr("{\"call\":\"time\",\"ns\":2000000}\n"
                              "{\"call\":\"open\",\"id\":3"));
}

TEST(TraceLogTest, AnotherPolicyPlaysTheLogToItsEnd) {
  Serve("rfc9218");
  const Outcome outcome = RunReplay(LogPath() + " --policy=fifo");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              HasSubstr("     1             46384             30000\n"
                        "     3             60000             60000\n"));
}

TEST(TraceLogTest, ATornLogIsRefused) {
  Serve("rr");
  const std::string torn = LogPath() + ".torn";
  std::ifstream in(LogPath());
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  std::ofstream(torn) << text.substr(0, text.size() - 10);
  const Outcome outcome = RunReplay(torn);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr("is no JSON object"));
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  std::remove(LogPath().c_str());
  setenv("SLUICE_TRACE", LogPath().c_str(), 1);
  return RUN_ALL_TESTS();
}
