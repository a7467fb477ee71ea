// How a Connection behaves and where its limits are.
#ifndef SLUICE_H2_OPTIONS_H_
#define SLUICE_H2_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "h2/types.h"

namespace sluice::h2 {

enum class Side { kClient, kServer };

struct Setting {
  SettingId id;
  uint32_t value;

  friend bool operator==(const Setting&, const Setting&) = default;
};

// What a peer can make us keep. Each limit says what happens when it is
// reached.
struct Limits {
  // Bytes of one decoded header list (RFC 9113 §6.5.2's measure). Beyond it
  // decoding goes on, so that HPACK stays in step, and the stream is reset with
  // ENHANCE_YOUR_CALM; at four times the limit the connection is.
  size_t max_header_list_size = 64 * 1024;
  // CONTINUATION frames of one header block; GOAWAY(ENHANCE_YOUR_CALM).
  size_t max_continuation_frames = 64;
  // Closed streams whose way of ending is remembered; the oldest is forgotten.
  size_t max_closed_streams = 1000;
  // DATA bytes waiting in the output; SendData() returns OutputFull when this
  // much is there already. 0 means one frame.
  size_t output_high_water_mark = 16384;
  // Answers that a peer makes us queue (PING ACK, SETTINGS ACK, RST_STREAM);
  // GOAWAY(ENHANCE_YOUR_CALM).
  size_t max_queued_answers = 1000;
};

struct ConnectionOptions {
  Side side = Side::kServer;
  // Our SETTINGS; what is not named has core defaults:
  // MAX_CONCURRENT_STREAMS 100, INITIAL_WINDOW_SIZE 65535,
  // MAX_FRAME_SIZE 16384, MAX_HEADER_LIST_SIZE = limits.max_header_list_size.
  std::vector<Setting> settings;
  Limits limits;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_OPTIONS_H_
