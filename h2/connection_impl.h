// The state of a Connection and its parts. Internal: only h2/connection*.cc
// include this.
//
//   connection.cc           questions, output, GOAWAY, time
//   connection_settings.cc  beginning, upgrade, SETTINGS in both directions
//   connection_send.cc      the calls that send frames of streams
//   connection_receive.cc   bytes in, and the two kinds of errors
//   connection_frames.cc    what each type of frame does
//   connection_headers.cc   header blocks in
#ifndef SLUICE_H2_CONNECTION_IMPL_H_
#define SLUICE_H2_CONNECTION_IMPL_H_

#include <sluice/h2/budgets.h>
#include <sluice/h2/connection.h>
#include <sluice/h2/connection_state.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/field.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_decoder.h>
#include <sluice/h2/header_normalization.h>
#include <sluice/h2/header_validation.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/options.h>
#include <sluice/h2/output_buffer.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::h2 {

// What Connection promises is said in connection.h; only what is internal is
// commented here.
class Connection::Impl {
 public:
  explicit Impl(ConnectionOptions options);

  // --- connection_settings.cc ----------------------------------------------
  absl::Status InitiateConnection();
  absl::StatusOr<std::string> InitiateUpgrade(absl::string_view http2_settings);
  absl::Status UpdateSettings(absl::Span<const Setting> settings);

  // --- connection_receive.cc -----------------------------------------------
  absl::Status ReceiveData(absl::string_view bytes, std::vector<Event>* events);

  // --- connection_send.cc --------------------------------------------------
  absl::Status SendHeaders(StreamId id, HeaderSpan headers,
                           const SendHeadersOptions& options);
  absl::Status SendData(StreamId id, absl::Cord data,
                        const SendDataOptions& options);
  absl::Status ResetStream(StreamId id, ErrorCode code);
  absl::Status PushStream(StreamId parent_id, StreamId promised_id,
                          HeaderSpan headers);
  absl::Status Ping(absl::string_view opaque_data);
  absl::Status Prioritize(StreamId id,
                          const signals::Rfc7540Priority& priority);
  absl::Status SendPriorityUpdate(StreamId id,
                                  const signals::Rfc9218Priority& priority);
  absl::Status AdvertiseAlternativeService(
      absl::string_view field_value, std::optional<absl::string_view> origin,
      std::optional<StreamId> stream_id);
  absl::Status IncrementFlowControlWindow(StreamId id, uint32_t increment);
  absl::Status AcknowledgeReceivedData(StreamId id, size_t bytes);

  // --- connection.cc -------------------------------------------------------
  absl::Status CloseConnection(ErrorCode code,
                               absl::string_view additional_data,
                               std::optional<StreamId> last_stream_id);
  absl::Status StartGracefulShutdown();
  absl::Status AdvanceTime(absl::Duration elapsed);
  absl::StatusOr<StreamId> GetNextAvailableStreamId() const;
  absl::StatusOr<int64_t> LocalFlowControlWindow(StreamId id) const;
  absl::StatusOr<int64_t> RemoteFlowControlWindow(StreamId id) const;
  bool CanSendData(StreamId id) const;
  SendCapacity CapacityFor(StreamId id) const;
  size_t MaxOutboundFrameSize() const {
    return remote_.Get(SettingId::kMaxFrameSize);
  }
  size_t OutputRoom() const;
  std::string TakeOutput(size_t max);
  absl::Status ConsumeOutput(size_t bytes);
  bool TakeOutputDrained();

  const StreamTable& streams() const { return streams_; }
  const SettingsTable& remote_settings() const { return remote_; }
  const SettingsTable& local_settings() const { return local_; }
  const OutputBuffer& output() const { return output_; }
  bool terminated() const { return terminated_; }

 private:
  // A header block that is not complete (RFC 9113 §4.3).
  struct HeaderBlock {
    FrameType type = FrameType::kHeaders;  // or kPushPromise
    StreamId stream_id = 0;
    StreamId promised_id = 0;
    bool end_stream = false;
    std::optional<signals::Rfc7540Priority> priority;
    size_t continuations = 0;
  };

  // A complete one, as fields.
  struct Section {
    std::vector<Header> headers;
    FieldViews fields;  // views of `headers`
    bool oversized = false;
  };

  // A SETTINGS frame of ours that is not acknowledged.
  struct PendingSettings {
    std::vector<Setting> settings;
    absl::Duration sent_at;
  };

  bool is_client() const { return options_.side == Side::kClient; }
  Side peer_side() const { return is_client() ? Side::kServer : Side::kClient; }

  // --- connection.cc -------------------------------------------------------
  // Whether the control bytes are below their mark. An output without any is.
  bool AdmitsFrames() const;
  // DATA that fits under its own mark.
  size_t DataRoom() const;
  // What a stream that may send DATA, null: the connection, may send. The one
  // place that knows: SendData() keeps what it says.
  SendCapacity CapacityOf(const Stream* stream) const;
  void NoteRoom(bool was_full);
  void Log(absl::string_view line) const;
  // Whether a call may queue a frame now; `needs_room`: not one of those that
  // are always admitted.
  absl::Status CheckMaySend(bool needs_room);
  // Whether `departure` is legal in the connection's state.
  absl::Status CheckState(Departure departure,
                          StreamId id = kConnectionStreamId) const;
  void QueueGoAway(ErrorCode code, absl::string_view additional_data,
                   StreamId last_stream_id);
  // GOAWAY for a connection error, and the end. Returns `error`.
  absl::Status Terminate(absl::Status error);

  // --- connection_settings.cc ----------------------------------------------
  std::vector<Setting> InitialSettings() const;
  absl::Status CheckLocalSettings(absl::Span<const Setting> settings) const;
  void SendSettings(std::vector<Setting> settings);
  absl::Status ApplyRemoteSettings(absl::Span<const Setting> settings,
                                   std::vector<Event>* events);
  absl::Status OnSettings(const FrameHeader& header, absl::string_view payload,
                          std::vector<Event>* events);
  // There is one of ours that it acknowledges.
  void OnSettingsAck(std::vector<Event>* events);
  void ChangeReceiveWindows(int64_t delta);
  bool LocalSettingSent(SettingId id, uint32_t value) const;
  // RFC 9113 §6.9.2: whether `settings` keep every stream's window in bounds.
  absl::Status CheckReceiveWindows(absl::Span<const Setting> settings);
  // The most that a stream's receive window may be now. The peer may have
  // applied settings already that it has not acknowledged.
  int64_t ReceiveWindowLimit() const;

  // --- connection_send.cc --------------------------------------------------
  absl::StatusOr<Stream*> FindLive(StreamId id);
  absl::Status CheckOpensStream(StreamId id) const;
  // What HEADERS would be now on `stream`, nullptr where none of that id lives.
  absl::StatusOr<SectionKind> CheckSendsHeaders(StreamId id,
                                                const Stream* stream) const;
  absl::Status CheckSize(StreamId id, absl::Span<const FieldView> fields) const;
  absl::Status CheckFields(StreamId id, absl::Span<const FieldView> fields,
                           SectionKind kind) const;
  void EndSending(Stream* stream);

  // --- connection_receive.cc -----------------------------------------------
  absl::Status ReceivePreface(absl::string_view* bytes);
  absl::Status CheckFrameHeader(const FrameHeader& header);
  absl::Status OnFrame(const FrameHeader& header, absl::string_view payload,
                       std::vector<Event>* events);
  // A stream of the peer's above our GOAWAY's last id (RFC 9113 §6.8) that was
  // not open already: that one lives on, so that it comes to its end.
  bool IsBeyondGoAway(StreamId id) const;
  // The peer made us queue this frame.
  absl::Status QueueAnswer(absl::string_view frame);
  absl::Status Spend(Budget* budget, absl::string_view what);
  // RST_STREAM for `error`, a fault of the peer's on the stream that it names,
  // which lives or is idle. OK unless a limit makes it the connection's error.
  absl::Status StreamError(absl::Status error, std::vector<Event>* events);
  // The error that `transition` says it is.
  absl::Status ApplyOutcome(const Transition& transition, StreamId id,
                            absl::string_view what, std::vector<Event>* events);
  // DATA or HEADERS on a stream that is gone, by its fate. `id` is not live.
  absl::Status OnMessageFrameOfGoneStream(StreamId id, StreamInput input);
  // Other frames on a stream that is not live: tolerated, or an error.
  absl::Status OnControlFrameOfGoneStream(StreamId id, StreamInput input);

  // --- connection_frames.cc ------------------------------------------------
  absl::Status OnData(const FrameHeader& header, absl::string_view payload,
                      std::vector<Event>* events);
  absl::Status CountData(Stream* stream, size_t data_size, size_t flow_length,
                         bool end_stream) const;
  absl::Status OnPriority(const FrameHeader& header, absl::string_view payload,
                          std::vector<Event>* events);
  absl::Status OnRstStream(const FrameHeader& header, absl::string_view payload,
                           std::vector<Event>* events);
  absl::Status OnPing(const FrameHeader& header, absl::string_view payload,
                      std::vector<Event>* events);
  absl::Status OnGoAway(absl::string_view payload, std::vector<Event>* events);
  absl::Status OnWindowUpdate(const FrameHeader& header,
                              absl::string_view payload,
                              std::vector<Event>* events);
  absl::Status OnAltSvc(const FrameHeader& header, absl::string_view payload,
                        std::vector<Event>* events);
  absl::Status OnPriorityUpdate(absl::string_view payload,
                                std::vector<Event>* events);
  absl::Status OnUnknown(const FrameHeader& header, absl::string_view payload,
                         std::vector<Event>* events);
  // DATA that nobody will acknowledge is credited to the connection at once.
  absl::Status CreditConnection(size_t bytes);
  // END_STREAM came in.
  void EndReceiving(Stream* stream);

  // --- connection_headers.cc -----------------------------------------------
  absl::Status OnHeaders(const FrameHeader& header, absl::string_view payload,
                         std::vector<Event>* events);
  absl::Status OnPushPromise(const FrameHeader& header,
                             absl::string_view payload,
                             std::vector<Event>* events);
  absl::Status OnContinuation(const FrameHeader& header,
                              absl::string_view payload,
                              std::vector<Event>* events);
  absl::Status AddFragment(absl::string_view fragment, bool last,
                           std::vector<Event>* events);
  // For an event; the section's fields end here.
  std::vector<Header> TakeHeaders(Section* section) const;
  absl::Status FinishHeaders(const HeaderBlock& block, Section section,
                             std::vector<Event>* events);
  absl::Status FinishRequest(const HeaderBlock& block, Section section,
                             std::vector<Event>* events);
  absl::Status FinishResponse(Stream* stream, const HeaderBlock& block,
                              Section section, std::vector<Event>* events);
  absl::Status FinishTrailers(Stream* stream, const HeaderBlock& block,
                              Section section, std::vector<Event>* events);
  absl::Status FinishPushPromise(const HeaderBlock& block, Section section,
                                 std::vector<Event>* events);
  absl::Status RefuseOversized(const HeaderBlock& block,
                               std::vector<Event>* events);
  // OK, or the stream error that a malformed section is (RFC 9113 §8.1.1).
  absl::Status CheckSection(const Section& section, SectionKind kind,
                            StreamId id) const;
  // Sets what the body must be, or says why it cannot be that.
  absl::Status ExpectBody(const Section& section, bool no_content,
                          bool end_stream, Stream* stream) const;
  void AppendSectionEnd(const HeaderBlock& block, std::vector<Event>* events);

  ConnectionOptions options_;
  SettingsTable local_;
  SettingsTable remote_;
  StreamTable streams_;
  FrameDecoder decoder_;
  HpackEncoder encoder_;
  HpackDecoder hpack_;
  OutputBuffer output_;
  Budgets budgets_;
  SendWindow send_window_;
  ReceiveWindow receive_window_;

  std::vector<PendingSettings> pending_settings_;
  uint32_t max_inbound_streams_;  // as sent, acknowledged or not
  std::optional<HeaderBlock> block_;
  size_t header_bytes_of_read_ = 0;  // of lists that this ReceiveData() let in
  // PRIORITY_UPDATE for streams that are idle (RFC 9218 §7): a server's, what
  // it received; a client's, what it sent.
  std::set<StreamId> idle_prioritized_;
  bool ignored_idle_update_ = false;  // for one id more than our limit

  size_t preface_received_ = 0;  // bytes of it; servers only
  bool initiated_ = false;       // our SETTINGS are queued
  Receiving receiving_ = Receiving::kFirstSettings;
  bool terminated_ = false;
  absl::Status fatal_;  // what every later ReceiveData() returns
  StreamId goaway_sent_ = kMaxStreamId;  // last id of ours, lowered only
  std::optional<StreamId> goaway_received_;
  uint64_t unanswered_pings_ = 0;
  int64_t work_bytes_ = 0;       // payload in, not yet a unit of useful work
  bool refused_output_ = false;  // a call returned OutputFull
  bool output_drained_ = false;
  absl::Duration now_;  // the sum of AdvanceTime()
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_CONNECTION_IMPL_H_
