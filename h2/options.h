// The behaviour and the limits of a Connection.
#ifndef SLUICE_H2_OPTIONS_H_
#define SLUICE_H2_OPTIONS_H_

#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/time/time.h"

namespace sluice::h2 {

enum class Side { kClient, kServer };

struct Setting {
  SettingId id;
  uint32_t value;

  friend bool operator==(const Setting&, const Setting&) = default;
};

// A budget for one kind of frame that is legal, cheap to send and useless in
// masses (RFC 9113 §10.5). Each frame costs one token; with none left the
// connection ends with GOAWAY(ENHANCE_YOUR_CALM). A frame that answers one of
// ours costs nothing: the ACK of our SETTINGS or PING, two WINDOW_UPDATEs for
// each DATA frame, RST_STREAM on a stream that we opened. Tokens come back by
// useful work and by the time that the caller passes to
// Connection::AdvanceTime(). A unit of useful work is a stream that ended by
// END_STREAM on both sides, or 1024 bytes of payload, in or out: frames of one
// byte earn nothing by their number.
struct BudgetOptions {
  uint32_t burst = 1000;     // tokens at the start, and at most
  double per_second = 100;   // tokens for each second of AdvanceTime()
  double per_work_unit = 1;  // tokens for each unit of useful work

  friend bool operator==(const BudgetOptions&, const BudgetOptions&) = default;
};

struct BudgetSet {
  BudgetOptions priority = {1000, 100, 8};
  BudgetOptions priority_update = {1000, 100, 8};
  BudgetOptions empty_data = {1000, 100, 1};  // DATA without payload or end
  BudgetOptions window_update = {4000, 1000, 4};
  BudgetOptions settings = {100, 10, 1};
  BudgetOptions ping_ack = {100, 10, 1};  // that answers no PING of ours
  BudgetOptions goaway = {100, 10, 1};
  BudgetOptions informational = {1000, 100, 8};  // 1xx responses
  BudgetOptions unknown_frame = {1000, 100, 1};
  BudgetOptions peer_reset = {1000, 33, 1};      // rapid reset
  BudgetOptions provoked_reset = {1000, 33, 1};  // "made you reset"
  // HEADERS and PUSH_PROMISE that are decoded and dropped, and DATA that has an
  // end and no bytes, since their stream is gone or above our GOAWAY. Two for
  // each stream that we reset are free: its response, and trailers or an end,
  // may have been on their way. So are two for each stream that our
  // MAX_CONCURRENT_STREAMS allows, once, after our GOAWAY.
  BudgetOptions dropped_headers = {1000, 100, 1};
};

// Bounds of what a peer can make us keep. Each says what happens at the limit.
struct Limits {
  // Bytes of one decoded header list (RFC 9113 §6.5.2's measure). Decoding of a
  // larger list goes on, so that HPACK stays in step, and the stream is reset
  // with ENHANCE_YOUR_CALM (or answered, see
  // ConnectionOptions::oversized_headers); at four times the limit the
  // connection ends with that code. One name or value above 64 KiB, as it is
  // encoded, is always a COMPRESSION_ERROR: that limit is libnghttp2's own.
  size_t max_header_list_size = 64 * 1024;
  // Bytes of header lists, by the same measure, in the events of one
  // ReceiveData(); a list that exceeds it is treated as one above
  // max_header_list_size. HPACK turns 40 bytes of HEADERS and RST_STREAM into a
  // list of 64 KiB, and all events of a call exist at once: without this bound
  // one read could fill a thousand times its own memory.
  size_t max_header_bytes_per_read = 4 * 1024 * 1024;
  // CONTINUATION frames of one header block; GOAWAY(ENHANCE_YOUR_CALM).
  size_t max_continuation_frames = 64;
  // Reset streams that the connection remembers. Beyond them the oldest is
  // forgotten and counts as ended by END_STREAM. If we had reset it, all closed
  // streams up to it count as reset by us, so that the answers to any number of
  // cancelled requests are tolerated.
  size_t max_closed_streams = 1000;
  // Streams that a server may have promised and not begun;
  // RST_STREAM(REFUSED_STREAM) on the promised stream.
  size_t max_reserved_streams = 100;
  // Idle streams whose PRIORITY_UPDATE counts; a frame for one more is ignored.
  // The MAX_CONCURRENT_STREAMS that the peer acknowledged is the other bound: a
  // frame above it ends the connection with PROTOCOL_ERROR (RFC 9218 §7.1).
  size_t max_idle_priority_updates = 1000;
  // DATA bytes waiting in the output; SendData() returns OutputFull above it.
  // An output without DATA always admits one frame of 16,384 bytes, so 0 means
  // that one frame. Larger frames need a mark of their size.
  size_t output_high_water_mark = 16384;
  // All other bytes waiting in the output. When this much waits, a call that
  // would queue a frame returns OutputFull; this includes DATA. An output
  // without such bytes always admits one frame, so 0 means one frame at a time.
  // GOAWAY, RST_STREAM and WINDOW_UPDATE are always admitted: they end
  // something, or the peer's windows bound them.
  size_t output_control_high_water_mark = 1024 * 1024;
  // The same bytes, including frames that are always admitted. When more than
  // this waits and another frame comes in, the peer sends without reading, and
  // the connection ends with GOAWAY(ENHANCE_YOUR_CALM).
  size_t max_unread_control_bytes = 4 * 1024 * 1024;
  // Answers that a peer makes us queue (PING ACK, SETTINGS ACK, RST_STREAM);
  // GOAWAY(ENHANCE_YOUR_CALM).
  size_t max_queued_answers = 1000;
  BudgetSet budgets = {};
};

// A server's answer to a request whose header list is above the limit.
enum class OversizedHeaders {
  kReset,   // RST_STREAM(ENHANCE_YOUR_CALM)
  kAnswer,  // a 431 response (RFC 6585 §5), then RST_STREAM(NO_ERROR)
};

struct ConnectionOptions {
  Side side = Side::kServer;
  // Our SETTINGS. Those that are not named have the core's defaults:
  // MAX_CONCURRENT_STREAMS 100, INITIAL_WINDOW_SIZE 65535,
  // MAX_FRAME_SIZE 16384, MAX_HEADER_LIST_SIZE = limits.max_header_list_size.
  std::vector<Setting> settings = {};
  Limits limits = {};

  // A malformed message (RFC 9113 §8.1.1) is a stream error on the way in, and
  // a refused call on the way out. When switched off, fields pass as they are.
  bool validate_inbound = true;
  bool validate_outbound = true;
  // In: joins Cookie fields. Out: makes names lower-case, cuts space around
  // names and values, and leaves out connection-specific fields.
  bool normalize_inbound = true;
  bool normalize_outbound = true;
  // One field for each cookie-pair, which compresses better (RFC 9113 §8.2.3).
  bool split_outbound_cookies = false;

  OversizedHeaders oversized_headers = OversizedHeaders::kReset;

  // How long the peer may take to acknowledge our SETTINGS, by
  // Connection::AdvanceTime(); GOAWAY(SETTINGS_TIMEOUT) (RFC 9113 §6.5.3).
  absl::Duration settings_timeout = absl::Seconds(10);

  // Gets a line for each stream error and connection error, the peer's and,
  // from Connection::LogStreamError(), ours; may be null. A DataScheduler
  // reports there why a response failed. Control characters are escaped. It
  // must not call the connection.
  std::function<void(StringView)> log_sink = nullptr;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_OPTIONS_H_
