#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    names.push_back(entry.name);
  }
  return names;
}

// A factory whose policy's options can be looked at.
struct Seen {
  bool strict = false;
  size_t mode = 0;
  int64_t count = 0;
  size_t max_grant = 0;
};
Seen* seen = new Seen;

absl::StatusOr<std::unique_ptr<Policy>> MakeProbe(const PolicyOptions& options,
                                                  OptionReader& reader) {
  *seen = {.strict = reader.Choice("strict", {"false", "true"}) == 1,
           .mode = reader.Choice("mode", {"slow", "fast"}),
           .count = reader.Integer("count", 7, 1, 9),
           .max_grant = options.max_grant};
  return CreatePolicy("rr", options);
}

SLUICE_REGISTER_POLICY_FACTORY(probe, "for this test", MakeProbe);

TEST(RegistryTest, KnowsThePoliciesThatAreLinkedInByNameInOrder) {
  const std::vector<std::string> names = Names();
  EXPECT_THAT(names, ::testing::IsSupersetOf({"fifo", "rr", "probe"}));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST(RegistryTest, MakesEveryPolicyByItsNameAlone) {
  for (const std::string& name : Names()) {
    EXPECT_TRUE(CreatePolicy(name).ok()) << name;
  }
}

TEST(RegistryTest, EveryPolicyHasASummary) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    EXPECT_FALSE(entry.summary.empty()) << entry.name;
  }
}

TEST(RegistryTest, ANameThatIsTakenStaysWithItsOwner) {
  EXPECT_FALSE(RegisterPolicy("probe", "another", nullptr));
  EXPECT_TRUE(CreatePolicy("probe").ok());
}

TEST(RegistryTest, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  const absl::Status status = CreatePolicy("rfc1149").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("'rfc1149'"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("fifo, "));
}

TEST(RegistryTest, OptionsOfTheSpecReachThePolicy) {
  ASSERT_TRUE(CreatePolicy("probe:strict=true,mode=fast,count=9").ok());
  EXPECT_TRUE(seen->strict);
  EXPECT_EQ(seen->mode, 1u);
  EXPECT_EQ(seen->count, 9);
  EXPECT_EQ(seen->max_grant, kDefaultMaxGrant);
}

struct BadSpec {
  std::string spec;
  std::string says;

  friend void PrintTo(const BadSpec& bad, std::ostream* out) {
    *out << bad.spec;
  }
};

class BadSpecTest : public ::testing::TestWithParam<BadSpec> {};

TEST_P(BadSpecTest, IsRefusedAndSaysWhy) {
  const absl::Status status = CreatePolicy(GetParam().spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Specs, BadSpecTest,
    ::testing::Values(BadSpec{"probe:", "'' is not key=value"},
                      BadSpec{"probe:strict", "'strict' is not key=value"},
                      BadSpec{"probe:=true", "'=true' is not key=value"},
                      BadSpec{"probe:count=1,count=2", "'count' comes twice"},
                      BadSpec{"probe:strict=yes",
                              "expected one of false, true"},
                      BadSpec{"probe:mode=odd", "expected one of slow, fast"},
                      BadSpec{"probe:count=10", "an integer from 1 to 9"},
                      BadSpec{"probe:count=two", "an integer from 1 to 9"},
                      BadSpec{"probe:colour=red", "unknown option 'colour'"},
                      BadSpec{"rr:colour=red", "unknown option 'colour'"},
                      BadSpec{"fifo:colour=red", "unknown option 'colour'"}));

TEST(RegistryTest, TheLargestGrantIsOneToTheLargestFrame) {
  EXPECT_EQ(CreatePolicy("rr", {.max_grant = 0}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CreatePolicy("rr", {.max_grant = kMaxMaxGrant + 1}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(CreatePolicy("rr", {.max_grant = kMaxMaxGrant}).ok());
}

// A policy may take the memory for its limits at once, and add them up.
TEST(RegistryTest, LimitsOutsideTheirRangesAreRefusedForEveryPolicy) {
  for (const PolicyEntry& entry : RegisteredPolicies()) {
    for (const PolicyOptions& bad :
         {PolicyOptions{.max_streams = 0},
          PolicyOptions{.max_streams = kMaxPolicyStreams + 1},
          PolicyOptions{.max_streams = SIZE_MAX},
          PolicyOptions{.max_closed_streams = kMaxPolicyStreams + 1},
          PolicyOptions{.max_closed_streams = SIZE_MAX}}) {
      EXPECT_EQ(CreatePolicy(entry.name, bad).status().code(),
                absl::StatusCode::kInvalidArgument)
          << entry.name;
    }
    EXPECT_TRUE(
        CreatePolicy(entry.name, {.max_streams = 1, .max_closed_streams = 0})
            .ok());
  }
}

}  // namespace
}  // namespace sluice::scheduler
