// Puts a Sluice policy in charge of an nghttp2_session that serves: it decides
// which stream's DATA nghttp2 sends next, byte by byte, as late as it can be.
//
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
// The rest of the server stays as it is, nghttp2_session_resume_data() for a
// body that has bytes again included. What decides whether priorities work at
// all: call nghttp2_session_mem_send() only when the socket can take bytes, and
// keep what stands behind it (TLS, the kernel) small; docs/plugging-in.md.
//
// How: nghttp2 asks a stream's data source when it wants to send that stream.
// Only then does the policy pick. The adapter answers for every stream but the
// picked one with NGHTTP2_ERR_DEFERRED, and resumes the picked one, which
// nghttp2 asks next, in the same call. So nghttp2 has one stream to choose
// from, and its own order (the RFC 7540 tree up to 1.64, the RFC 9218 queues
// from 1.48) has no say. Public functions only; about one more callback for
// each DATA frame that changes the stream. Run on 1.52, 1.64 and 1.70.
//
// Signals. RFC 7540: the priority of HEADERS, which every release reports, and
// PRIORITY frames. Those nghttp2 reports up to 1.64, unless
// SETTINGS_NO_RFC7540_PRIORITIES = 1 was announced; from 1.65 on it drops them
// all. Receive() finds them itself, whatever the release and the setting.
// RFC 9218: the `priority` header, and PRIORITY_UPDATE frames, which nghttp2
// reports when nghttp2_option_set_builtin_recv_extension_type(option,
// NGHTTP2_PRIORITY_UPDATE) is set and, up to 1.64, that setting is announced;
// without it, set ExtensionCallbacks below. CONNECT requests are tunnels (RFC
// 9218 §11).
//
// Equals are served first-in first-out, whatever happens between two frames. A
// stream goes behind its equals after it had no bytes or no window. It also
// does when another one becomes ready, or something is said of any, while
// nghttp2 is about to ask for it: after its source returned NGHTTP2_ERR_PAUSE,
// or when nghttp2 first asks for a body that the server has resumed.
//
// Padding (select_padding_callback) counts against the windows (RFC 9113 §6.1)
// and is charged like payload; a server that pads wires OnFrameSend() too. A
// grant below 16 KiB (PolicyOptions::max_grant) is charged in full at most.
//
// A client session's uploads are scheduled in the same way. The stream's id is
// nghttp2_session_get_next_stream_id() then, before the request is submitted,
// and what is to be said of it is said by SetServerPriority().
//
// Not thread-safe: it belongs to the thread that owns the session. It must
// outlive the session.
#ifndef SLUICE_ADAPTERS_NGHTTP2_PRIORITY_ADAPTER_H_
#define SLUICE_ADAPTERS_NGHTTP2_PRIORITY_ADAPTER_H_

#include <sluice/adapters/nghttp2/priority_frame_reader.h>
#include <sluice/adapters/policy_host.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace/trace_files.h>
#include <sluice/signals/rfc7540_priority.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::adapters {

class PriorityAdapter {
 public:
  // By a spec as in scheduler/registry.h. The decision log goes to the next of
  // `logs`, which must outlive the adapter; null: no log. Errors: those of
  // CreatePolicy().
  static absl::StatusOr<std::unique_ptr<PriorityAdapter>> Create(
      absl::string_view spec, scheduler::PolicyOptions options = {},
      scheduler::TraceFiles* logs = scheduler::TraceFiles::FromEnvironment());

  PriorityAdapter(const PriorityAdapter&) = delete;
  PriorityAdapter& operator=(const PriorityAdapter&) = delete;

  // --- What the session receives and reports -------------------------------

  // In the place of nghttp2_session_mem_recv(), all of the connection's bytes
  // from the first; the result is that function's. Without it (a server that
  // hands on what nghttp2_session_recv() reads, say) everything works but
  // PRIORITY frames, which are then those that nghttp2 reports.
  ssize_t Receive(nghttp2_session* session, const uint8_t* data, size_t length);

  void OnHeader(const nghttp2_frame* frame, absl::string_view name,
                absl::string_view value);
  void OnFrameRecv(nghttp2_session* session, const nghttp2_frame* frame);
  void OnStreamClose(nghttp2_session* session, int32_t stream_id);
  // Needed with a select_padding_callback, harmless without. A frame is charged
  // here then, where its padding is known, and not when its body is read.
  void OnFrameSend(nghttp2_session* session, const nghttp2_frame* frame);

  // Lets PRIORITY_UPDATE come through whatever was announced. Call it before
  // the session is made; kOf finds the adapter by the session's user data.
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

  // The same for a server whose session has extension callbacks already: hand
  // on what is of the type NGHTTP2_PRIORITY_UPDATE, and return the result.
  int OnExtensionChunk(const nghttp2_frame_hd& hd, const uint8_t* data,
                       size_t length);
  int UnpackExtension(const nghttp2_frame_hd& hd, void** payload);

  // --- What the server does ----------------------------------------------

  // The body of `stream_id` is `provider`'s, an nghttp2_data_provider or an
  // nghttp2_data_provider2. Returns the one to give to
  // nghttp2_submit_response() or nghttp2_submit_data(), or those with a 2,
  // right now. `provider` is asked for at most the bytes of a grant. Its source
  // union is kept here, so a callback that writes to its `source` finds it
  // again. A response that comes too late, its stream closed, is forgotten; if
  // nghttp2 refuses one of an open stream, reset that stream.
  template <class Provider>
  Provider Schedule(int32_t stream_id, const Provider& provider) {
    Keep(stream_id, {provider.source, provider.read_callback});
    Provider scheduled;
    scheduled.source.ptr = this;
    scheduled.read_callback = &PriorityAdapter::ReadCallback;
    return scheduled;
  }

  // What a send_data_callback (NGHTTP2_DATA_FLAG_NO_COPY) is to use instead of
  // the `source` that it gets, which is the adapter's; null without a body.
  nghttp2_data_source* SourceOf(int32_t stream_id);

  // The server's own priority over the client's, and what it knows of the
  // response. Errors: PolicyHost's.
  absl::Status SetServerPriority(
      int32_t stream_id, std::optional<scheduler::ServerPriority> server);
  absl::Status SetHints(int32_t stream_id,
                        const scheduler::ResourceHints& hints);

  // Whether to announce SETTINGS_NO_RFC7540_PRIORITIES = 1 with this policy.
  bool AnnouncesNoRfc7540Priorities() const {
    return host_.AnnouncesNoRfc7540Priorities();
  }

  // Log, traces and statistics: see adapters/policy_host.h.
  void AdvanceTime(absl::Duration elapsed) { host_.AdvanceTime(elapsed); }
  void SetObserver(std::function<void(const PolicyHost::Decision&)> observer) {
    host_.SetObserver(std::move(observer));
  }
  PolicyHost::Stats stats() const { return host_.stats(); }

 private:
  struct Body {
    nghttp2_data_source source;
    ssize_t (*read)(nghttp2_session* session, int32_t stream_id,
                    uint8_t* buffer, size_t length, uint32_t* data_flags,
                    nghttp2_data_source* source, void* user_data);
  };
  struct Stream {
    int32_t id = 0;
    Body body = {};
    std::optional<size_t> ready_at;  // where in ready_; none: it is blocked
    // nghttp2 will ask for it, or would if its window were open: its item is
    // queued, or deferred by nghttp2's own flow control.
    bool queued = false;
    bool waiting = false;         // its source has nothing now
    bool window_blocked = false;  // ready but for its flow-control window
    bool done = false;            // its source has ended
  };

  PriorityAdapter(scheduler::LoggedPolicy policy, size_t max_streams);

  static ssize_t ReadCallback(nghttp2_session* session, int32_t stream_id,
                              uint8_t* buffer, size_t length,
                              uint32_t* data_flags, nghttp2_data_source* source,
                              void* user_data);
  ssize_t Read(nghttp2_session* session, int32_t stream_id, uint8_t* buffer,
               size_t length, uint32_t* data_flags, void* user_data);
  ssize_t Serve(nghttp2_session* session, Stream* stream, uint8_t* buffer,
                size_t length, uint32_t* data_flags, void* user_data);
  void Keep(int32_t stream_id, const Body& body);
  Stream* Find(int32_t stream_id);
  void Forget(int32_t stream_id);
  void Open(int32_t stream_id, const RequestSignals& said);
  void TakePriority(scheduler::StreamId stream_id,
                    const signals::Rfc7540Priority& priority);
  void TakePriorityField(int32_t stream_id, absl::string_view field);
  void MakeFreshReady(nghttp2_session* session);
  void ForgetLateAnswers(nghttp2_session* session);
  void SetReady(Stream* stream);
  void SetBlocked(Stream* stream);
  void Unlist(Stream* stream);
  void WindowMayHaveOpened(nghttp2_session* session, int32_t stream_id);
  void WindowsMayHaveOpened(nghttp2_session* session);

  // The frame of the grant is on its way, with `bytes` of payload and padding:
  // charges it, and has nghttp2 ask for who comes next. `window` is what the
  // frame leaves of the stream's.
  void Finish(nghttp2_session* session, size_t bytes, int64_t window);

  // Makes grant_ a pick that is still right, of a stream that can send. False
  // when there is none.
  bool Pick(nghttp2_session* session);
  void DropGrant();
  // Makes nghttp2 ask for the stream. False: it has nothing to ask, and the
  // stream is blocked.
  bool Queue(nghttp2_session* session, Stream* stream);
  // Sees to it that nghttp2 asks for one of the ready streams, if any is. Which
  // one does not matter: the pick is made when it asks, so that nothing that
  // happens before takes a pick back.
  void EnsureAsked(nghttp2_session* session);

  PolicyHost host_;
  absl::flat_hash_map<int32_t, std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> ready_;  // in no order
  // Given to nghttp2 since it last asked: their HEADERS go first. Streams that
  // closed meanwhile are taken out when there are most_fresh_, twice as many as
  // were left the last time.
  static constexpr size_t kFewFresh = 16;
  std::vector<int32_t> fresh_;
  size_t most_fresh_ = kFewFresh;
  PriorityFrameReader frames_;
  bool reads_frames_ = false;  // Receive() is in use

  std::optional<scheduler::Grant> grant_;
  uint64_t grant_made_at_ = 0;  // changes_ at the pick
  uint64_t changes_ = 0;        // grows when a pick may become another
  int32_t asked_next_ = 0;      // nghttp2 will ask for it; 0: nobody known

  bool hears_of_sends_ = false;  // OnFrameSend() is wired
  // The grant's stream was read, and OnFrameSend() has not told of the frame.
  std::optional<size_t> served_;

  // Of the HEADERS that are being received.
  int32_t field_stream_ = 0;
  std::string field_;
  bool is_connect_ = false;  // or of the last that had a :method

  // Of the PRIORITY_UPDATE that is being received.
  std::string extension_;
  nghttp2_ext_priority_update update_ = {};
};

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_NGHTTP2_PRIORITY_ADAPTER_H_
