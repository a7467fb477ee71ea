#include <sluice/h2/errors.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

TEST(SettingsTest, StartsWithTheDefaultsOfRfc9113Section652) {
  const SettingsTable client(Side::kClient);
  EXPECT_EQ(client.Get(SettingId::kHeaderTableSize), 4096u);
  EXPECT_EQ(client.Get(SettingId::kEnablePush), 1u);
  EXPECT_EQ(client.Get(SettingId::kMaxConcurrentStreams), kUnlimited);
  EXPECT_EQ(client.Get(SettingId::kInitialWindowSize), 65535u);
  EXPECT_EQ(client.Get(SettingId::kMaxFrameSize), 16384u);
  EXPECT_EQ(client.Get(SettingId::kMaxHeaderListSize), kUnlimited);
  EXPECT_EQ(client.Get(SettingId::kEnableConnectProtocol), 0u);
  EXPECT_EQ(client.Get(SettingId::kNoRfc7540Priorities), 0u);
  EXPECT_EQ(client.Get(static_cast<SettingId>(0x4242)), 0u);
  EXPECT_EQ(client.Find(SettingId::kMaxConcurrentStreams), std::nullopt);
  EXPECT_EQ(SettingsTable(Side::kServer).Get(SettingId::kEnablePush), 0u);
}

struct Case {
  Side sender;
  SettingId id;
  uint32_t value;
  ErrorCode code;  // kNoError: legal
};

TEST(SettingsTest, ValuesAreCheckedAsTheirDefinitionsSay) {
  constexpr ErrorCode kLegal = ErrorCode::kNoError;
  constexpr ErrorCode kProtocol = ErrorCode::kProtocolError;
  constexpr uint32_t kMax = 0xffffffff;
  const Case cases[] = {
      {Side::kClient, SettingId::kEnablePush, 0, kLegal},
      {Side::kClient, SettingId::kEnablePush, 1, kLegal},
      {Side::kClient, SettingId::kEnablePush, 2, kProtocol},
      {Side::kServer, SettingId::kEnablePush, 0, kLegal},
      {Side::kServer, SettingId::kEnablePush, 1, kProtocol},
      {Side::kClient, SettingId::kInitialWindowSize, 0x7fffffff, kLegal},
      {Side::kClient, SettingId::kInitialWindowSize, 0x80000000,
       ErrorCode::kFlowControlError},
      {Side::kClient, SettingId::kMaxFrameSize, 16383, kProtocol},
      {Side::kClient, SettingId::kMaxFrameSize, 16384, kLegal},
      {Side::kClient, SettingId::kMaxFrameSize, 16777215, kLegal},
      {Side::kClient, SettingId::kMaxFrameSize, 16777216, kProtocol},
      {Side::kServer, SettingId::kEnableConnectProtocol, 1, kLegal},
      {Side::kServer, SettingId::kEnableConnectProtocol, 2, kProtocol},
      {Side::kServer, SettingId::kNoRfc7540Priorities, 1, kLegal},
      {Side::kServer, SettingId::kNoRfc7540Priorities, 2, kProtocol},
      {Side::kClient, SettingId::kHeaderTableSize, kMax, kLegal},
      {Side::kClient, SettingId::kMaxConcurrentStreams, 0, kLegal},
      {Side::kClient, static_cast<SettingId>(0x4242), kMax, kLegal},
  };
  for (const Case& c : cases) {
    const absl::Status status =
        SettingsTable::Validate(c.sender, {c.id, c.value});
    EXPECT_EQ(ErrorCodeOf(status), c.code)
        << static_cast<int>(c.id) << "=" << c.value;
    if (!status.ok()) {
      EXPECT_EQ(ErrorKindOf(status), ErrorKind::kInvalidSettingsValue);
    }
  }
}

TEST(SettingsTest, AnErrorGivesTheAllowedValuesAndTheSection) {
  EXPECT_EQ(SettingsTable::Validate(Side::kServer, {SettingId::kEnablePush, 1})
                .message(),
            "ENABLE_PUSH is 1; it must be 0 to 0 (RFC 9113 6.5.2)");
  EXPECT_EQ(SettingsTable::Validate(Side::kClient,
                                    {SettingId::kEnableConnectProtocol, 2})
                .message(),
            "ENABLE_CONNECT_PROTOCOL is 2; it must be 0 to 1 (RFC 8441 3)");
  EXPECT_EQ(SettingsTable::Validate(Side::kClient,
                                    {SettingId::kNoRfc7540Priorities, 2})
                .message(),
            "NO_RFC7540_PRIORITIES is 2; it must be 0 to 1 (RFC 9218 2.1)");
}

// RFC 9113 §6.5.3: "The values in the SETTINGS frame MUST be processed in the
// order they appear".
TEST(SettingsTest, TheLastValueCountsAndTheFirstOldValueIsReported) {
  SettingsTable table(Side::kClient);
  const auto changed = table.Apply(std::vector<Setting>{
      {SettingId::kInitialWindowSize, 1}, {SettingId::kInitialWindowSize, 2}});
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed.at(SettingId::kInitialWindowSize),
            (SettingChange{65535, 2}));
  EXPECT_EQ(table.Get(SettingId::kInitialWindowSize), 2u);
}

TEST(SettingsTest, UnknownSettingsAreKeptUpToALimit) {
  SettingsTable table(Side::kClient);
  std::vector<Setting> many;
  for (uint32_t i = 0; i < 100; ++i) {
    many.push_back({static_cast<SettingId>(1000 + i), i + 1});
  }
  EXPECT_EQ(table.Apply(many).size(), 100u) << "all are told";
  EXPECT_EQ(table.Get(static_cast<SettingId>(1000)), 1u);
  EXPECT_EQ(
      table.Get(static_cast<SettingId>(1000 + SettingsTable::kMaxUnknown - 1)),
      SettingsTable::kMaxUnknown);
  EXPECT_EQ(
      table.Get(static_cast<SettingId>(1000 + SettingsTable::kMaxUnknown)), 0u);
  table.Apply(std::vector<Setting>{{static_cast<SettingId>(1000), 7}});
  EXPECT_EQ(table.Get(static_cast<SettingId>(1000)), 7u);
}

}  // namespace
}  // namespace sluice::h2
