// Recorded connections (tests/h2/transcripts), read from JSON.
#ifndef SLUICE_TESTS_H2_TRANSCRIPT_H_
#define SLUICE_TESTS_H2_TRANSCRIPT_H_

#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::h2::tests {

// One recorded call. Of the arguments, those that its name has.
struct RecordedCall {
  std::string name;  // hyper's: `send_headers`, `receive_data`, …

  StreamId stream_id = 0;
  StreamId promised_stream_id = 0;
  std::vector<Header> headers = {};
  std::string data = {};  // also ping's, ALTSVC's field value, HTTP2-Settings
  std::optional<std::string> origin = {};
  std::optional<std::string> additional_data = {};
  std::optional<uint32_t> last_stream_id = {};
  bool has_stream_id = false;
  bool end_stream = false;
  std::optional<uint8_t> pad_length = {};
  std::optional<int> weight = {};
  std::optional<StreamId> depends_on = {};
  std::optional<bool> exclusive = {};
  uint32_t error_code = 0;
  int64_t amount = 0;  // increment, acknowledged size, or amount of output
  bool has_amount = false;
  std::vector<Setting> settings = {};

  // Its effects, as lines: events (EventText), `error CLASS CODE`, `wrote
  // FRAME` (FrameReader), `returned VALUE`, `cleared output`.
  std::vector<std::string> outcome = {};
};

struct Transcript {
  std::string test;
  ConnectionOptions options;
  std::vector<RecordedCall> calls;
};

// An HTTP2-Settings value (RFC 7540 §3.2.1) as `SETTINGS {…}`, in the order of
// the identifiers.
std::string UpgradeSettingsText(absl::string_view http2_settings);

// All of the file at `path`; aborts if it is not of the known form.
std::vector<Transcript> LoadTranscripts(const std::string& path);

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_TRANSCRIPT_H_
