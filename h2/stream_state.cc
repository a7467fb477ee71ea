#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {
namespace {

using In = StreamInput;
using Out = Transition::Outcome;

constexpr absl::string_view kStateNames[] = {
    "idle",  "reserved (local)",    "reserved (remote)",
    "open",  "half-closed (local)", "half-closed (remote)",
    "closed"};

constexpr Transition To(StreamState next) {
  return {Out::kOk, next, ErrorCode::kNoError};
}
constexpr Transition Not(Out outcome, ErrorCode code = ErrorCode::kNoError) {
  return {outcome, StreamState::kClosed, code};
}

// The cells. kStays means the state that the column is about.
constexpr Transition kStays = To(StreamState::kIdle);
constexpr Transition kOpens = To(StreamState::kOpen);
constexpr Transition kResvL = To(StreamState::kReservedLocal);
constexpr Transition kResvR = To(StreamState::kReservedRemote);
constexpr Transition kHalfL = To(StreamState::kHalfClosedLocal);
constexpr Transition kHalfR = To(StreamState::kHalfClosedRemote);
constexpr Transition kCloses = To(StreamState::kClosed);
constexpr Transition kIgnore = Not(Out::kIgnore);
constexpr Transition kNo = Not(Out::kRefuse, ErrorCode::kProtocolError);
constexpr Transition kOver = Not(Out::kRefuse, ErrorCode::kStreamClosed);
// Of the stream, and of the connection.
constexpr Transition kLate = Not(Out::kStreamError, ErrorCode::kStreamClosed);
constexpr Transition kGone =
    Not(Out::kConnectionError, ErrorCode::kStreamClosed);
constexpr Transition kFatal =
    Not(Out::kConnectionError, ErrorCode::kProtocolError);

struct Row {
  In input;
  absl::string_view frame;
  absl::string_view section;
  Transition cells[kStreamStates];
};

// In the order of StreamInput and StreamState. The column of closed streams is
// about those that END_STREAM ended; stream_table.h knows how others ended. A
// client that has ended a pushed stream gets no promises on it (half-closed
// (remote)).
// clang-format off
constexpr Row kRows[] = {
    //idle     resv(l)  resv(r)  open     half(l)  half(r)  closed
    {In::kSendHeaders, "HEADERS", "5.1",
     {kOpens,  kHalfR,  kNo,     kStays,  kOver,   kStays,  kOver}},
    {In::kSendData, "DATA", "5.1",
     {kNo,     kNo,     kNo,     kStays,  kOver,   kStays,  kOver}},
    {In::kSendEndStream, "END_STREAM", "5.1",
     {kNo,     kNo,     kNo,     kHalfL,  kOver,   kCloses, kOver}},
    {In::kSendReset, "RST_STREAM", "5.1, 6.4",
     {kNo,     kCloses, kCloses, kCloses, kCloses, kCloses, kOver}},
    {In::kSendWindowUpdate, "WINDOW_UPDATE", "5.1",
     {kNo,     kNo,     kStays,  kStays,  kStays,  kStays,  kOver}},
    {In::kSendPromise, "promise", "5.1.1, 8.4.1",
     {kResvL,  kNo,     kNo,     kNo,     kNo,     kNo,     kNo}},
    {In::kSendPromises, "PUSH_PROMISE", "6.6, 8.4.1",
     {kNo,     kNo,     kNo,     kStays,  kOver,   kStays,  kOver}},
    {In::kReceiveHeaders, "HEADERS", "5.1",
     {kOpens,  kFatal,  kHalfL,  kStays,  kStays,  kLate,   kGone}},
    {In::kReceiveData, "DATA", "5.1",
     {kFatal,  kFatal,  kFatal,  kStays,  kStays,  kLate,   kGone}},
    {In::kReceiveEndStream, "END_STREAM", "5.1",
     {kFatal,  kFatal,  kFatal,  kHalfR,  kCloses, kLate,   kGone}},
    {In::kReceiveReset, "RST_STREAM", "5.1, 6.4",
     {kFatal,  kCloses, kCloses, kCloses, kCloses, kCloses, kIgnore}},
    {In::kReceiveWindowUpdate, "WINDOW_UPDATE", "5.1",
     {kFatal,  kStays,  kFatal,  kStays,  kStays,  kStays,  kIgnore}},
    {In::kReceivePromise, "promise", "5.1.1, 8.4.2",
     {kResvR,  kFatal,  kFatal,  kFatal,  kFatal,  kFatal,  kFatal}},
    {In::kReceivePromises, "PUSH_PROMISE", "6.6",
     {kFatal,  kFatal,  kFatal,  kStays,  kStays,  kFatal,  kFatal}},
};
// clang-format on

constexpr bool RowsAreInOrder() {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<size_t>(kRows[i].input) != i) return false;
  }
  return std::size(kRows) == kStreamInputs;
}
static_assert(RowsAreInOrder());

constexpr TransitionTable TableOfRows() {
  TransitionTable table = {};
  for (size_t input = 0; input < kStreamInputs; ++input) {
    for (size_t state = 0; state < kStreamStates; ++state) {
      Transition& cell = table[input][state];
      cell = kRows[input].cells[state];
      // No input makes a stream idle, so kStays cannot be mistaken.
      if (cell.outcome == Out::kOk && cell.next == StreamState::kIdle) {
        cell.next = static_cast<StreamState>(state);
      }
    }
  }
  return table;
}

const Row& RowOf(StreamInput input) {
  return kRows[static_cast<size_t>(input)];
}

}  // namespace

constinit const TransitionTable kTransitions = TableOfRows();

absl::Status TransitionFault(StreamId id, StreamState state,
                             StreamInput input) {
  const Row& row = RowOf(input);
  const bool closed =
      FindTransition(state, input).code == ErrorCode::kStreamClosed;
  return StreamFault(closed ? ErrorKind::kStreamClosed : ErrorKind::kProtocol,
                     id, "is ", kStateNames[static_cast<size_t>(state)],
                     " and ", input < In::kReceiveHeaders ? "sends" : "takes",
                     " no ", row.frame, " (RFC 9113 ", row.section, ")");
}

}  // namespace sluice::h2
