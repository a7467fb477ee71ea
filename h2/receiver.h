// Bytes in: the preface, the checks of a frame's header (RFC 9113 §3.4, §4),
// and the frames outside of messages (§6; RFC 7838 §4; RFC 9218 §7.1).
#ifndef SLUICE_H2_RECEIVER_H_
#define SLUICE_H2_RECEIVER_H_

#include <sluice/h2/core.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/message_receiver.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {

// Errors of its calls are the connection's.
class Receiver {
 public:
  // `core` outlives the object.
  explicit Receiver(Core* core);

  // A ReceiveData() begins. Takes the preface off `*bytes`. Error: Protocol.
  absl::Status BeginRead(absl::string_view* bytes) {
    messages_.BeginRead();
    return preface_left_.empty() ? absl::OkStatus() : TakePreface(bytes);
  }
  // It ends.
  void EndRead() { messages_.EndRead(); }
  // The views of its events end.
  void EndViews() { messages_.EndViews(); }

  // The next frame: see FrameDecoder.
  FrameDecoder::Result Next(absl::string_view* bytes) {
    return decoder_.Next(bytes);
  }
  const Frame& frame() const { return decoder_.frame(); }
  // The checks that need no payload.
  absl::Status CheckHeader(const Frame& frame) const {
    return IsLegalFrameOfStream(frame) ? absl::OkStatus() : CheckFully(frame);
  }
  // Acts on a frame whose header was checked, or on a piece of DATA.
  absl::Status OnFrame(const Frame& frame, Events* events);

 private:
  absl::Status TakePreface(absl::string_view* bytes);
  // Whether it is DATA, HEADERS or PRIORITY, and CheckFully() finds no fault:
  // all rules for the headers of these.
  bool IsLegalFrameOfStream(const Frame& frame) const {
    return frame.type <= FrameType::kPriority &&
           frame.stream_id != kConnectionStreamId &&
           frame.length <= core_.local(SettingId::kMaxFrameSize) &&
           core_.settings.remote_received() && !messages_.in_block() &&
           core_.output.control_size() <=
               core_.options.limits.max_unread_control_bytes;
  }
  absl::Status CheckFully(const Frame& frame) const;
  // RFC 9113 §3.4, §4.3, §6.10: SETTINGS come first, and nothing comes between
  // the frames of a header block.
  absl::Status CheckOrder(const Frame& frame) const;

  absl::Status OnPriority(const Frame& frame, Events* events);
  absl::Status OnRstStream(const Frame& frame, Events* events);
  absl::Status OnSettings(const Frame& frame, Events* events);
  absl::Status OnPing(const Frame& frame, Events* events);
  absl::Status OnGoAway(const Frame& frame, Events* events);
  absl::Status OnWindowUpdate(const Frame& frame, Events* events);
  absl::Status OnAltSvc(const Frame& frame, Events* events);
  absl::Status OnPriorityUpdate(const Frame& frame, Events* events);
  absl::Status OnUnknown(const Frame& frame, Events* events);
  // There is a SETTINGS frame of ours that the peer acknowledges.
  void OnSettingsAck(Events* events);

  Core& core_;
  MessageReceiver messages_;
  FrameDecoder decoder_;
  absl::string_view preface_left_;  // of kClientPreface; servers only
  // A PRIORITY_UPDATE was ignored for our own limit, which the peer does not
  // know: from then on it may count idle streams that we do not.
  bool ignored_idle_update_ = false;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_RECEIVER_H_
