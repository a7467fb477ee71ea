#include <sluice/h2/errors.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

TEST(ErrorsTest, AStatusCarriesItsKindItsCodeAndItsStream) {
  const absl::Status status = MakeError(ErrorKind::kFlowControl, "why", 7);
  EXPECT_EQ(ErrorKindOf(status), ErrorKind::kFlowControl);
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kFlowControlError);
  EXPECT_EQ(ErrorStreamOf(status), 7u);
  EXPECT_EQ(status.message(), "why");
}

TEST(ErrorsTest, AGivenCodeReplacesTheUsualCodeOfTheKind) {
  const absl::Status status =
      MakeError(ErrorKind::kStreamClosed, "", 1, ErrorCode::kRefusedStream);
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kRefusedStream);
}

TEST(ErrorsTest, AStatusPrintsAsText) {
  EXPECT_EQ(
      MakeError(ErrorKind::kStreamClosed, "stream 1 is closed", 1).ToString(),
      "FAILED_PRECONDITION: stream 1 is closed "
      "[sluice/h2.Error='StreamClosed code=5 stream=1']");
}

// In one direction by MakeError(), in the other by the typed questions; the
// text between them is printable.
TEST(ErrorsTest, EveryKindCodeAndStreamReadsBackAsWritten) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::kConnectionClosed); ++i) {
    for (const uint32_t code : {0u, 1u, 13u, 14u, 0x7fffffffu, 0xffffffffu}) {
      for (const StreamId id : {0u, 1u, kMaxStreamId}) {
        const auto kind = static_cast<ErrorKind>(i);
        const absl::Status status =
            MakeError(kind, "x", id, static_cast<ErrorCode>(code));
        EXPECT_EQ(ErrorKindOf(status), kind);
        EXPECT_EQ(ErrorCodeOf(status), static_cast<ErrorCode>(code));
        EXPECT_EQ(ErrorStreamOf(status), id);
        for (const char c : status.ToString()) {
          EXPECT_TRUE(absl::ascii_isprint(static_cast<unsigned char>(c)))
              << status;
        }
      }
    }
  }
}

TEST(ErrorsTest, APayloadOfAnotherFormHasNoKind) {
  for (const char* text : {"", "StreamClosed", "StreamClosed code=x stream=1",
                           "Other code=1 stream=1", "StreamClosed 5 1",
                           "StreamClosed code=5 stream=1 more"}) {
    absl::Status status = absl::InternalError("x");
    status.SetPayload("sluice/h2.Error", absl::Cord(text));
    EXPECT_EQ(ErrorKindOf(status), std::nullopt) << text;
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInternalError) << text;
    EXPECT_EQ(ErrorStreamOf(status), 0u) << text;
  }
}

TEST(ErrorsTest, ForeignStatusesHaveNoKind) {
  EXPECT_EQ(ErrorKindOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(ErrorCodeOf(absl::OkStatus()), ErrorCode::kNoError);
  EXPECT_EQ(ErrorKindOf(absl::InternalError("x")), std::nullopt);
  EXPECT_EQ(ErrorCodeOf(absl::InternalError("x")), ErrorCode::kInternalError);
  EXPECT_EQ(ErrorStreamOf(absl::InternalError("x")), 0u);
}

TEST(ErrorsTest, EveryKindHasANameACodeAndAStatusOfItsOwn) {
  using C = ErrorCode;
  const std::map<ErrorKind, C> others = {
      {ErrorKind::kFrameTooLarge, C::kFrameSizeError},
      {ErrorKind::kFrameDataMissing, C::kFrameSizeError},
      {ErrorKind::kCompression, C::kCompressionError},
      {ErrorKind::kTooManyStreams, C::kRefusedStream},
      {ErrorKind::kFlowControl, C::kFlowControlError},
      {ErrorKind::kStreamClosed, C::kStreamClosed},
      {ErrorKind::kSettingsTimeout, C::kSettingsTimeout},
      {ErrorKind::kHeadersTooLarge, C::kInternalError},
      {ErrorKind::kDenialOfService, C::kEnhanceYourCalm},
      {ErrorKind::kOutputFull, C::kInternalError},
  };
  std::set<absl::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorKind::kConnectionClosed); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const absl::Status status = MakeError(kind, "x");
    EXPECT_FALSE(status.ok()) << ErrorKindName(kind);
    EXPECT_TRUE(names.insert(ErrorKindName(kind)).second);
    const auto it = others.find(kind);
    EXPECT_EQ(ErrorCodeOf(status),
              it == others.end() ? C::kProtocolError : it->second)
        << ErrorKindName(kind);
  }
  EXPECT_EQ(ErrorKindName(ErrorKind::kConnectionClosed), "ConnectionClosed");
  EXPECT_EQ(ErrorKindName(ErrorKind::kProtocol), "Protocol");
}

TEST(ErrorsTest, CodesHaveTheNamesOfRfc9113Section7) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kNoError), "NO_ERROR");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kHttp11Required), "HTTP_1_1_REQUIRED");
  EXPECT_EQ(ErrorCodeName(static_cast<ErrorCode>(0xe)), "UNKNOWN");
}

}  // namespace
}  // namespace sluice::h2
