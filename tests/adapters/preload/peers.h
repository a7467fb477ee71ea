// For session_shapes.cc: a server and a client on libnghttp2, in memory, and a
// transcript of each stream. It names nothing of Sluice: whether a library is
// preloaded is the caller's matter.
#ifndef SLUICE_TESTS_ADAPTERS_PRELOAD_PEERS_H_
#define SLUICE_TESTS_ADAPTERS_PRELOAD_PEERS_H_

#include <dlfcn.h>
#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::preload_test {

using Fields = std::vector<std::pair<std::string, std::string>>;

// The body of a response. `source` points to it.
struct Body {
  size_t left = 0;
  size_t piece = SIZE_MAX;      // given at once, at most
  size_t available = SIZE_MAX;  // then `when_empty`
  ssize_t when_empty = NGHTTP2_ERR_DEFERRED;
  Fields trailers = {};  // they follow it
  bool no_copy = false;  // its bytes go by the send_data_callback
  char next = 'a';
};

// What a server is made with.
struct ServerOptions {
  bool header2 = false;       // on_header_callback2 instead of the first
  bool no_header = false;     // neither
  bool send_data = false;     // a send_data_callback, busy every other time
  size_t padding = 0;         // bytes that a select_padding_callback adds
  bool by_callbacks = false;  // nghttp2_session_recv() and _send()
  bool newer_forms = false;   // the functions with a 2, where there are any
  bool pauses_uploads = false;
  bool sees_updates = false;       // PRIORITY_UPDATE, by nghttp2's own option
  bool no_closed_streams = false;  // nghttp2's own option
  nghttp2_mem* memory = nullptr;
};

// One end of a connection, with a line for each thing that it reports.
class Peer {
 public:
  virtual ~Peer() { nghttp2_session_del(session_); }
  Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  nghttp2_session* session() { return session_; }
  // Of one stream in the order of time; stream 0 is the connection.
  std::string& log(int32_t stream_id) { return logs_[stream_id]; }
  const std::map<int32_t, std::string>& logs() const { return logs_; }
  // The bytes for the other end, all that there are.
  virtual std::string Send();
  virtual ssize_t Receive(const std::string& bytes);

 protected:
  void Log(int32_t stream_id, const std::string& line) {
    logs_[stream_id] += line + "\n";
  }
  std::string SendAll(decltype(&nghttp2_session_mem_send) send);
  static void SetSharedCallbacks(nghttp2_session_callbacks* callbacks);

  nghttp2_session* session_ = nullptr;
  // Bytes of DATA that came since the last line of their stream.
  std::map<int32_t, std::pair<size_t, uint32_t>> content_;

 private:
  void EndContent(int32_t stream_id);
  static int OnFrameRecv(nghttp2_session*, const nghttp2_frame* frame,
                         void* user_data);

  virtual void HandleFrame(const nghttp2_frame&) {}
  std::map<int32_t, std::string> logs_;
};

class Server : public Peer {
 public:
  // Called when a request is complete.
  using Handler = std::function<void(Server*, int32_t stream_id)>;

  Server(const ServerOptions& options, Handler handler);

  // Of several servers, made once.
  static nghttp2_session_callbacks* MakeCallbacks(const ServerOptions& options);
  Server(const ServerOptions& options, Handler handler,
         const nghttp2_session_callbacks* callbacks);

  std::string Send() override;
  ssize_t Receive(const std::string& bytes) override;

  // nghttp2_submit_response(); its result is in the stream's log.
  void Answer(int32_t stream_id, const Body& body, const Fields& more = {});
  // Headers, and the body by nghttp2_submit_data().
  void AnswerInParts(int32_t stream_id, const Body& body);
  void SubmitData(int32_t stream_id, uint8_t flags, Body* body);
  void Resume(int32_t stream_id);
  // nghttp2's calls for a server's own priorities; out of range is allowed.
  void SetUrgency(int32_t stream_id, uint32_t urgency);
  void SetWeight(int32_t stream_id, int32_t weight);

  Body& body(int32_t stream_id) { return bodies_[stream_id]; }

  // For the callbacks.
  ssize_t Read(int32_t stream_id, Body* body, uint8_t* buffer, size_t length,
               uint32_t* flags);
  int SendData(const nghttp2_frame& frame, const uint8_t* header, size_t length,
               const nghttp2_data_source& source);

  const ServerOptions options;
  std::string in;   // for nghttp2_session_recv()
  std::string out;  // of nghttp2_session_send()

 private:
  void HandleFrame(const nghttp2_frame& frame) override;
  // `older`, or the function of that name with the same arguments, where the
  // loader finds one: preloaded, also with a release that has none.
  template <class Function>
  Function* Form(Function* older, const char* newer) const {
    void* found = options.newer_forms ? dlsym(RTLD_DEFAULT, newer) : nullptr;
    return found == nullptr ? older : reinterpret_cast<Function*>(found);
  }

  const Handler handler_;
  std::map<int32_t, Body> bodies_;
  bool busy_ = false;
};

class Client : public Peer {
 public:
  // `window`: of each stream.
  explicit Client(uint32_t window = 1 << 20,
                  const nghttp2_session_callbacks* callbacks = nullptr);
  static nghttp2_session_callbacks* MakeCallbacks();

  int32_t Get(const std::string& path, const Fields& more = {});
  int32_t Post(const std::string& path, size_t bytes);
};

// Carries bytes both ways until neither end has any; `step` at once to the
// server. Returns those of the server. A refusal is in the server's log.
std::string Exchange(Server* server, Client* client, size_t step = SIZE_MAX);

uint32_t Hash(const std::string& bytes, uint32_t hash = 2166136261u);

}  // namespace sluice::preload_test

#endif  // SLUICE_TESTS_ADAPTERS_PRELOAD_PEERS_H_
