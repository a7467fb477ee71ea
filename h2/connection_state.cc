#include <sluice/h2/connection_state.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <iterator>

namespace sluice::h2 {
namespace {

constexpr ErrorCode kLegal = ErrorCode::kNoError;
constexpr ErrorCode kProtocol = ErrorCode::kProtocolError;
constexpr Receiving kFirst = Receiving::kFirstSettings;
constexpr Receiving kFrames = Receiving::kFrames;
constexpr Receiving kBlock = Receiving::kHeaderBlock;

constexpr ReceivingRow kReceiving[] = {
    // "This sequence MUST be followed by a SETTINGS frame"; "The server
    // connection preface consists of a potentially empty SETTINGS frame".
    {kFirst, Arrival::kSettings, kLegal, kFrames, "3.4"},
    {kFirst, Arrival::kOpenHeaderBlock, kProtocol, kFirst, "3.4"},
    {kFirst, Arrival::kContinuation, kProtocol, kFirst, "3.4"},
    {kFirst, Arrival::kFinalContinuation, kProtocol, kFirst, "3.4"},
    {kFirst, Arrival::kOther, kProtocol, kFirst, "3.4"},

    {kFrames, Arrival::kSettings, kLegal, kFrames, "6.5"},
    {kFrames, Arrival::kOpenHeaderBlock, kLegal, kBlock, "4.3, 6.2, 6.6"},
    {kFrames, Arrival::kContinuation, kProtocol, kFrames, "6.10"},
    {kFrames, Arrival::kFinalContinuation, kProtocol, kFrames, "6.10"},
    {kFrames, Arrival::kOther, kLegal, kFrames, "6"},

    // "a contiguous sequence of frames, with no interleaved frames of any other
    // type or from any other stream"; that the stream is the same is checked
    // where the block is known.
    {kBlock, Arrival::kSettings, kProtocol, kBlock, "4.3, 6.10"},
    {kBlock, Arrival::kOpenHeaderBlock, kProtocol, kBlock, "4.3, 6.10"},
    {kBlock, Arrival::kContinuation, kLegal, kBlock, "6.10"},
    {kBlock, Arrival::kFinalContinuation, kLegal, kFrames, "6.10"},
    {kBlock, Arrival::kOther, kProtocol, kBlock, "4.3, 6.10"},
};

constexpr ErrorKind kNone = ErrorKind::kProtocol;  // of rows that are legal
constexpr ErrorKind kClosed = ErrorKind::kConnectionClosed;

constexpr SendingRow kSending[] = {
    // Our preface comes first.
    {Sending::kNotInitiated, Departure::kGoAway, false, ErrorKind::kProtocol,
     "3.4"},
    {Sending::kNotInitiated, Departure::kNewStream, false, ErrorKind::kProtocol,
     "3.4"},
    {Sending::kNotInitiated, Departure::kOther, false, ErrorKind::kProtocol,
     "3.4"},

    {Sending::kOpen, Departure::kGoAway, true, kNone, "6.8"},
    {Sending::kOpen, Departure::kNewStream, true, kNone, "5.1"},
    {Sending::kOpen, Departure::kOther, true, kNone, "6"},

    // "Receivers of a GOAWAY frame MUST NOT open additional streams".
    {Sending::kPeerGoesAway, Departure::kGoAway, true, kNone, "6.8"},
    {Sending::kPeerGoesAway, Departure::kNewStream, false, kClosed, "6.8"},
    {Sending::kPeerGoesAway, Departure::kOther, true, kNone, "6.8"},

    // "An endpoint might choose to … send multiple GOAWAY frames"; nothing else
    // follows an error.
    {Sending::kEnded, Departure::kGoAway, true, kNone, "6.8"},
    {Sending::kEnded, Departure::kNewStream, false, kClosed, "5.4.1"},
    {Sending::kEnded, Departure::kOther, false, kClosed, "5.4.1"},
};

constexpr size_t IndexOf(Receiving state, Arrival arrival) {
  return static_cast<size_t>(state) * kArrivals + static_cast<size_t>(arrival);
}
constexpr size_t IndexOf(Sending state, Departure departure) {
  return static_cast<size_t>(state) * kDepartures +
         static_cast<size_t>(departure);
}

// Every pair has its row, and the rows stand where IndexOf() looks.
constexpr bool TablesAreComplete() {
  if (std::size(kReceiving) != size_t{kReceivingStates} * kArrivals ||
      std::size(kSending) != size_t{kSendingStates} * kDepartures) {
    return false;
  }
  for (size_t i = 0; i < std::size(kReceiving); ++i) {
    if (IndexOf(kReceiving[i].state, kReceiving[i].arrival) != i) return false;
  }
  for (size_t i = 0; i < std::size(kSending); ++i) {
    if (IndexOf(kSending[i].state, kSending[i].departure) != i) return false;
  }
  return true;
}
static_assert(TablesAreComplete());

}  // namespace

Arrival ArrivalOf(const FrameHeader& header) {
  switch (header.type) {
    case FrameType::kSettings:
      return header.Has(kFlagAck) ? Arrival::kOther : Arrival::kSettings;
    case FrameType::kHeaders:
    case FrameType::kPushPromise:
      return header.Has(kFlagEndHeaders) ? Arrival::kOther
                                         : Arrival::kOpenHeaderBlock;
    case FrameType::kContinuation:
      return header.Has(kFlagEndHeaders) ? Arrival::kFinalContinuation
                                         : Arrival::kContinuation;
    default:
      return Arrival::kOther;
  }
}

const ReceivingRow& FindReceivingRow(Receiving state, Arrival arrival) {
  return kReceiving[IndexOf(state, arrival)];
}

const SendingRow& FindSendingRow(Sending state, Departure departure) {
  return kSending[IndexOf(state, departure)];
}

}  // namespace sluice::h2
