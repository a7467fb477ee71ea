// Makes recorded calls on one of our connections.
#ifndef SLUICE_TESTS_H2_TRANSCRIPT_PLAYER_H_
#define SLUICE_TESTS_H2_TRANSCRIPT_PLAYER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tests/h2/driver.h"
#include "tests/h2/frame_text.h"
#include "tests/h2/transcript.h"

namespace sluice::h2::tests {

class TranscriptPlayer {
 public:
  TranscriptPlayer(const ConnectionOptions& options, Feeding feeding);

  // The effects of the call, in RecordedCall::outcome's form. An error has
  // hyper's class where ours is one of its kinds, else our kind.
  std::vector<std::string> Play(const RecordedCall& call);

  // The same for bytes that were not recorded.
  std::vector<std::string> Feed(absl::string_view bytes);

 private:
  // `class_hint`: hyper's class, when it reported an error too.
  void NoteError(const absl::Status& status, absl::string_view class_hint);
  absl::Status Call(const RecordedCall& call);
  absl::Status Receive(absl::string_view bytes);
  void NoteOutput();
  std::string Text(const Event& event) const;

  Connection connection_;
  Feeding feeding_;
  FrameReader reader_;
  size_t seen_ = 0;  // bytes at the front of the output that were noted
  std::vector<std::string> outcome_;
  std::string recorded_class_;  // of the error that hyper reported, if any
};

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_TRANSCRIPT_PLAYER_H_
