#include <sluice/h2/errors.h>
#include <sluice/h2/types.h>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

TEST(ErrorsTest, AStatusCarriesItsKindItsCodeAndItsStream) {
  const absl::Status status = MakeError(ErrorKind::kFlowControl, "why", 7);
  EXPECT_EQ(ErrorKindOf(status), ErrorKind::kFlowControl);
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kFlowControlError);
  EXPECT_EQ(ErrorStreamOf(status), 7u);
  EXPECT_EQ(status.message(), "FlowControl: why");
}

TEST(ErrorsTest, ACodeOfItsOwnStandsInPlaceOfTheKindsOwn) {
  const absl::Status status =
      MakeError(ErrorKind::kStreamClosed, "", 1, ErrorCode::kRefusedStream);
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kRefusedStream);
}

TEST(ErrorsTest, ForeignStatusesHaveNoKind) {
  EXPECT_EQ(ErrorKindOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(ErrorCodeOf(absl::OkStatus()), ErrorCode::kNoError);
  EXPECT_EQ(ErrorKindOf(absl::InternalError("x")), std::nullopt);
  EXPECT_EQ(ErrorCodeOf(absl::InternalError("x")), ErrorCode::kInternalError);
  EXPECT_EQ(ErrorStreamOf(absl::InternalError("x")), 0u);
}

TEST(ErrorsTest, EveryKindHasARowOfItsOwn) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::kConnectionClosed); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const absl::Status status = MakeError(kind, "x");
    EXPECT_FALSE(status.ok()) << ErrorKindName(kind);
    EXPECT_EQ(ErrorKindOf(status), kind);
    EXPECT_EQ(ErrorCodeOf(status), DefaultErrorCode(kind));
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
