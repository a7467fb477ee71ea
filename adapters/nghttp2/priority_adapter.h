// Puts a Sluice policy in charge of an nghttp2_session that serves: it decides
// which stream's DATA nghttp2 sends next, byte by byte, as late as it can be.
//
//   PriorityAdapter::SetOptions(option);        // before the session is made
//   auto adapter = PriorityAdapter::Create("rfc7540");    // one a connection
//   // in the callbacks of the session, before the server acts itself:
//   on_header_callback        → (*adapter)->OnHeader(frame, name, value);
//   on_frame_recv_callback    → (*adapter)->OnFrameRecv(session, frame);
//   on_stream_close_callback  → (*adapter)->OnStreamClose(session, stream_id);
//   // where it reads from the socket, for nghttp2_session_mem_recv():
//   (*adapter)->Receive(session, data, length);
//   // and where it answers:
//   nghttp2_data_provider scheduled = (*adapter)->Schedule(id, provider);
//   nghttp2_submit_response(session, id, nva, nvlen, &scheduled);
//
// The rest of the server stays as it is; it still calls
// nghttp2_session_resume_data() for a body that has bytes again. Priorities
// work only if it calls nghttp2_session_mem_send() when the socket can take
// bytes, not before, and keeps the buffers behind (TLS, the kernel) small;
// docs/plugging-in.md.
//
// How it works. nghttp2 asks a stream's data source when it wants to send that
// stream, and only then does the policy pick. The adapter answers
// NGHTTP2_ERR_DEFERRED for every stream but the picked one, and resumes that
// one, which nghttp2 asks next in the same call. So nghttp2 has one stream to
// choose from, and its own order (the RFC 7540 tree up to 1.64, the RFC 9218
// queues from 1.48) has no effect. The adapter calls public functions only. It
// costs about one more callback for each DATA frame that changes the stream;
// docs/performance.md has figures. Run on 1.52, 1.64 and 1.70.
//
// RFC 7540 signals: every release reports the priority of HEADERS. Releases up
// to 1.64 report PRIORITY frames unless the server announced
// SETTINGS_NO_RFC7540_PRIORITIES = 1; 1.65 and later drop them. Receive() finds
// them itself, with every release and setting.
//
// RFC 9218 signals: the `priority` header, and PRIORITY_UPDATE frames, which
// Receive() finds itself, too. nghttp2 reports those when
// nghttp2_option_set_builtin_recv_extension_type(option,
// NGHTTP2_PRIORITY_UPDATE) is set and, up to 1.64, that setting is announced.
// Do not do both: 1.52 keeps a stream in a list that such a frame named while
// it was idle, frees it when it closes, and writes to it at the next such
// frame. A server that does not call Receive() may call SetExtensionCallbacks()
// below instead. CONNECT requests are tunnels (RFC 9218 §11).
//
// Equals are served first-in first-out, whatever happens between two frames. A
// stream goes behind its equals after it had no bytes or no window. It also
// goes behind them when another stream becomes ready, or any signal comes,
// while nghttp2 is about to ask for it: after its source returned
// NGHTTP2_ERR_PAUSE, or when nghttp2 first asks for a body that the server has
// resumed.
//
// Padding (select_padding_callback) counts against the windows (RFC 9113 §6.1)
// and is charged like payload; a server that pads calls OnFrameSend() too. With
// grants below 16 KiB (PolicyOptions::max_grant), no charge exceeds the grant.
//
// A client session's uploads are scheduled in the same way. Before the request
// is submitted, its stream's id is nghttp2_session_get_next_stream_id(). Set
// its priority with SetServerPriority().
//
// With SLUICE_TRACE=FILE in the environment, each session's decision log goes
// to a file (trace/trace_files.h); AdvanceTime() gives it the time.
//
// Create() throws std::bad_alloc when memory is out. When another call does,
// end the process: it may stand amid a call of nghttp2's.
//
// Not thread-safe: it belongs to the thread that owns the session. It must
// outlive the session.
#ifndef SLUICE_ADAPTERS_NGHTTP2_PRIORITY_ADAPTER_H_
#define SLUICE_ADAPTERS_NGHTTP2_PRIORITY_ADAPTER_H_

#include <sluice/adapters/nghttp2/priority_frame_reader.h>
#include <sluice/adapters/policy_host.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_map.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/views.h>
#include <sluice/trace/trace_files.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sluice::adapters {

using signals::StringView;

class PriorityAdapter {
 public:
  // By a spec as in scheduler/registry.h. The decision log goes to the next of
  // `logs`, which must outlive the adapter; null: no log. Errors: those of
  // CreatePolicy().
  static absl::StatusOr<std::unique_ptr<PriorityAdapter>> Create(
      StringView spec, scheduler::PolicyOptions options = {},
      trace::TraceFiles* logs = trace::TraceFiles::FromEnvironment());

  // For the session's option: nghttp2 keeps no closed streams. It has them for
  // its own tree, which has no effect here, at some memory and 5 % of the time
  // of a small request. The policy remembers those it needs.
  static void SetOptions(nghttp2_option* option) {
    nghttp2_option_set_no_closed_streams(option, 1);
  }

  PriorityAdapter(const PriorityAdapter&) = delete;
  PriorityAdapter& operator=(const PriorityAdapter&) = delete;

  // --- What the session receives and reports -------------------------------

  // Call it instead of nghttp2_session_mem_recv(), with all of the connection's
  // bytes from the first; returns that function's result. A server that cannot
  // (it calls nghttp2_session_recv(), say) gets the PRIORITY and
  // PRIORITY_UPDATE frames that nghttp2 reports; all else works.
  ssize_t Receive(nghttp2_session* session, const uint8_t* data, size_t length);

  void OnHeader(const nghttp2_frame* frame, StringView name, StringView value) {
    if (!ReadsHeader(name) || frame->hd.type != NGHTTP2_HEADERS) return;
    switch (name.size()) {
      case kVia.size():
        has_via_ = true;
        break;
      case kMethod.size():
        // It comes before all other fields but its like.
        is_connect_ = value == "CONNECT";
        has_via_ = false;
        break;
      default:
        OnPriorityField(frame->hd.stream_id, value);
        break;
    }
  }
  // Whether OnHeader() does anything with a field of this name; so that a
  // server need not look for the value of others.
  static bool ReadsHeader(StringView name) {
    // The names differ in their lengths.
    switch (name.size()) {
      case kVia.size():
        return name == kVia;
      case kMethod.size():
        return name == kMethod;
      case kPriority.size():
        return name == kPriority;
      default:
        return false;
    }
  }
  void OnFrameRecv(nghttp2_session* session, const nghttp2_frame* frame);
  void OnStreamClose(nghttp2_session* session, int32_t stream_id);
  // Needed with a select_padding_callback, harmless without. It charges the
  // frame here, where its padding is known, and not when its body is read.
  void OnFrameSend(nghttp2_session* session, const nghttp2_frame* frame);
  // For the on_frame_not_send_callback of a server that keeps a stream open
  // when nghttp2 refuses its HEADERS (they are too long, say). Without the call
  // nghttp2 is believed to hold the body, and the connection may stall.
  void OnFrameNotSend(nghttp2_session* session, const nghttp2_frame* frame);

  // Lets nghttp2 report PRIORITY_UPDATE whatever the server announced. Call it
  // before the session is made. kOf returns the adapter of a session's user
  // data.
  template <PriorityAdapter* (*kOf)(void* user_data)>
  static void SetExtensionCallbacks(nghttp2_session_callbacks* callbacks,
                                    nghttp2_option* option) {
    nghttp2_option_set_user_recv_extension_type(option,
                                                NGHTTP2_PRIORITY_UPDATE);
    nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame_hd* hd,
                      const uint8_t* data, size_t length, void* user_data) {
          return kOf(user_data)->OnExtensionChunk(*hd, data, length);
        });
    nghttp2_session_callbacks_set_unpack_extension_callback(
        callbacks, [](nghttp2_session*, void** payload,
                      const nghttp2_frame_hd* hd, void* user_data) {
          return kOf(user_data)->UnpackExtension(*hd, payload);
        });
  }

  // For a server with extension callbacks of its own: call these from there for
  // the type NGHTTP2_PRIORITY_UPDATE, and return their result.
  int OnExtensionChunk(const nghttp2_frame_hd& hd, const uint8_t* data,
                       size_t length);
  int UnpackExtension(const nghttp2_frame_hd& hd, void** payload);

  // --- What the server does ----------------------------------------------

  // `provider`, an nghttp2_data_provider or an nghttp2_data_provider2, gives
  // the body of `stream_id`. Returns the provider to pass to
  // nghttp2_submit_response() or nghttp2_submit_data(), or those with a 2,
  // right now. The adapter asks `provider` for at most the bytes of a grant. It
  // keeps the source union, so a callback that writes to its `source` finds it
  // again. Pass all bodies of a stream through here, or none. It forgets a
  // response that comes after its stream closed. If nghttp2
  // refuses the response of an open stream, reset that stream, or call
  // OnFrameNotSend().
  template <class Provider>
  Provider Schedule(int32_t stream_id, const Provider& provider) {
    OnSubmitted(stream_id, provider);
    return Scheduled<Provider>();
  }

  // The two halves of Schedule(), for a server that keeps the body it had when
  // nghttp2 refuses another, as nghttp2_submit_data() may: submit Scheduled(),
  // and call OnSubmitted() when that has succeeded.
  template <class Provider>
  Provider Scheduled() {
    Provider scheduled;
    scheduled.source.ptr = this;
    scheduled.read_callback = &PriorityAdapter::ReadCallback;
    return scheduled;
  }
  // Whether it is one that Scheduled() of any adapter returned.
  template <class Provider>
  static bool IsScheduled(const Provider& provider) {
    return provider.read_callback == &PriorityAdapter::ReadCallback;
  }
  template <class Provider>
  void OnSubmitted(int32_t stream_id, const Provider& provider) {
    Keep(stream_id, {provider.source, provider.read_callback});
  }

  // The server resumed the stream's body: nghttp2_session_resume_data()
  // returned 0. Without the call the policy hears of it when nghttp2's own
  // order comes to the stream.
  void OnResume(int32_t stream_id);

  // nghttp2_submit_push_promise() on `stream_id` returned `promised_id`: it
  // depends on that stream (RFC 7540 §5.3.5) unless the client says otherwise.
  // From now on the server may set its priority.
  void OnPushPromise(int32_t stream_id, int32_t promised_id);

  // The source for a send_data_callback (NGHTTP2_DATA_FLAG_NO_COPY). Use it
  // instead of the `source` that nghttp2 passes, which is the adapter's. Null
  // without a body.
  nghttp2_data_source* SourceOf(int32_t stream_id) {
    Stream* stream = Find(stream_id);
    return stream == nullptr || stream->body.read == nullptr
               ? nullptr
               : &stream->body.source;
  }

  // The server's own priority, which holds over the client's, and its hints.
  // Hints are of no use unless ReadsHints(). Errors: NotFound (the stream is
  // not open), InvalidArgument.
  absl::Status SetServerPriority(
      int32_t stream_id, std::optional<scheduler::ServerPriority> server);
  absl::Status SetHints(int32_t stream_id,
                        const scheduler::ResourceHints& hints);
  bool ReadsHints() const { return host_.ReadsHints(); }

  // The value of the response's `priority` field, which changes the parameters
  // that it names (RFC 9218 §8). Error: NotFound.
  absl::Status SetResponse(int32_t stream_id, StringView field);

  // Whether to announce SETTINGS_NO_RFC7540_PRIORITIES = 1 with this policy.
  bool AnnouncesNoRfc7540Priorities() const {
    return host_.AnnouncesNoRfc7540Priorities();
  }

  // Log, traces and statistics: see adapters/policy_host.h.
  void AdvanceTime(absl::Duration elapsed) { host_.AdvanceTime(elapsed); }
  void AdvanceTime(std::chrono::nanoseconds elapsed) {
    AdvanceTime(absl::FromChrono(elapsed));
  }
  void SetObserver(std::function<void(const PolicyHost::Decision&)> observer) {
    host_.SetObserver(std::move(observer));
  }
  PolicyHost::Stats stats() const { return host_.stats(); }

 private:
  static constexpr StringView kVia = "via";
  static constexpr StringView kMethod = ":method";
  static constexpr StringView kPriority = "priority";

  struct Body {
    nghttp2_data_source source;
    ssize_t (*read)(nghttp2_session* session, int32_t stream_id,
                    uint8_t* buffer, size_t length, uint32_t* data_flags,
                    nghttp2_data_source* source, void* user_data);
  };
  // From its HEADERS, or from Schedule() when that comes first, to its close.
  struct Stream {
    Stream() {}  // writes each member once: Stream() would zero them all first

    scheduler::StreamId id = 0;
    uint32_t ready_at = kNotListed;  // its index in ready_
    // At least so many bytes of its flow-control window are open.
    int64_t window = 0;
    Body body = {};          // `read` is null: it has none
    bool requested = false;  // nghttp2 reported its HEADERS, so it knows it
    // nghttp2 asks for it when its window is open: its item is queued, or
    // deferred by nghttp2's own flow control.
    bool queued = false;
    bool waiting = false;         // its source has nothing now
    bool window_blocked = false;  // ready but for its flow-control window
    bool done = false;            // its source has ended
    scheduler::StreamRecord record;
  };
  static constexpr uint32_t kNotListed = UINT32_MAX;

  PriorityAdapter(trace::LoggedPolicy policy, size_t max_streams);

  static ssize_t ReadCallback(nghttp2_session* session, int32_t stream_id,
                              uint8_t* buffer, size_t length,
                              uint32_t* data_flags, nghttp2_data_source* source,
                              void* user_data);
  ssize_t Read(nghttp2_session* session, int32_t stream_id, uint8_t* buffer,
               size_t length, uint32_t* data_flags, void* user_data);
  ssize_t Serve(nghttp2_session* session, Stream* stream, uint8_t* buffer,
                size_t length, uint32_t* data_flags, void* user_data);
  void OnPriorityField(int32_t stream_id, StringView value);
  void Keep(int32_t stream_id, const Body& body);
  // Null: it is not open. Most look-ups are of the last one found.
  Stream* Find(int32_t stream_id) {
    const auto id = static_cast<scheduler::StreamId>(stream_id);
    if (found_ == nullptr || found_->id != id) found_ = streams_.Find(id);
    return found_;
  }
  scheduler::StreamRecord* FindRecord(int32_t stream_id);
  void Forget(Stream* stream);
  Stream* Open(int32_t stream_id, const RequestSignals& said);
  void TakeSignal(const PrioritySignal& signal);
  void TakePriority(int32_t stream_id,
                    const signals::Rfc7540Priority& priority);
  void TakePriority(int32_t stream_id,
                    const signals::Rfc9218Priority& priority);
  void MakeFreshReady(nghttp2_session* session);
  bool HoldsBody(nghttp2_session* session, int32_t stream_id);
  void ForgetLateAnswers(nghttp2_session* session);
  void SetReady(Stream* stream);
  void SetBlocked(Stream* stream);
  void Unlist(Stream* stream);
  // Whether its flow-control window is open.
  static bool HasWindow(nghttp2_session* session, const Stream& stream) {
    return stream.window > 0 ||
           nghttp2_session_get_stream_remote_window_size(
               session, static_cast<int32_t>(stream.id)) > 0;
  }
  void WindowMayHaveOpened(nghttp2_session* session, Stream* stream);
  void WindowsMayHaveChanged(nghttp2_session* session);

  // Ends the grant. Returns its stream, null when that closed since.
  Stream* Charge(size_t bytes);
  // The frame of the grant is on its way, with `bytes` of payload and padding.
  // Charges it, and makes nghttp2 ask for the next stream.
  void Finish(nghttp2_session* session, size_t bytes);

  // Makes grant_ an up-to-date pick of a stream that can send, which is
  // picked_. nghttp2 asks for `asked`, so that one has a window. False when no
  // stream can send.
  bool Pick(nghttp2_session* session, int32_t asked);
  void DropGrant();
  // Makes nghttp2 ask for the stream. False when nghttp2 holds no body of it;
  // the stream is blocked then.
  bool Queue(nghttp2_session* session, Stream* stream);
  // Makes nghttp2 ask for any ready stream, if there is one. The policy picks
  // when nghttp2 asks, so no earlier event takes a pick back.
  void EnsureAsked(nghttp2_session* session) {
    if (asked_next_ == 0 && !served_.has_value() && !ready_.empty()) {
      AskForAny(session);
    }
  }
  void AskForAny(nghttp2_session* session);

  PolicyHost host_;
  scheduler::StreamMap<Stream> streams_;
  Stream* found_ = nullptr;     // by Find(); null: it closed since
  std::vector<Stream*> ready_;  // in no order
  // Streams given to nghttp2 since it last asked: their HEADERS go first. Those
  // that closed meanwhile are removed when there are most_fresh_, twice as many
  // as were left the last time.
  static constexpr size_t kFewFresh = 16;
  std::vector<int32_t> fresh_;
  size_t most_fresh_ = kFewFresh;
  PriorityFrameReader frames_;
  bool reads_frames_ = false;  // Receive() is in use
  size_t read_ahead_ = 0;      // bytes that nghttp2 has not taken yet
  std::optional<PrioritySignal> signal_ahead_;  // at their end

  const scheduler::Grant* grant_ = nullptr;
  Stream* picked_ = nullptr;    // of the grant; null: it closed since
  uint64_t grant_made_at_ = 0;  // changes_ at the pick
  uint64_t changes_ = 0;        // grows when a new pick may differ
  int32_t asked_next_ = 0;      // nghttp2 will ask for it; 0: unknown

  bool hears_of_sends_ = false;  // the server calls OnFrameSend()
  // Bytes of the grant's frame, from its read to OnFrameSend().
  std::optional<size_t> served_;

  // Of the HEADERS that are arriving.
  int32_t field_stream_ = 0;
  std::string field_;
  // Of the last HEADERS with a :method.
  bool is_connect_ = false;
  bool has_via_ = false;

  // Of the PRIORITY_UPDATE that is arriving.
  std::string extension_;
  nghttp2_ext_priority_update update_ = {};
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_NGHTTP2_PRIORITY_ADAPTER_H_
