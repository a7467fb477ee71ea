// A small TLS server on libnghttp2 whose DATA a Sluice policy schedules: GET
// /200000 answers 200,000 bytes.
//
//   openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem
//   ./bazelw run //examples/nghttp2_server -- 8443 key.pem cert.pem rfc7540
//   nghttp -nvp 32 https://localhost:8443/1000000
//
// With the installed library instead of Bazel:
//
//   flags=$(pkg-config --cflags --libs sluice-nghttp2 openssl)
//   c++ -std=c++20 -DWITH_SLUICE nghttp2_server.cc $flags -o nghttp2_server
//
// A server on libnghttp2 needs no more for it than the lines between "#ifdef
// WITH_SLUICE" and "#endif"; :nghttp2_server_plain is the same file without
// them.
//
// One thread, no dependencies but OpenSSL and libnghttp2. It ends gracefully on
// SIGINT and SIGTERM. It is an example: it serves numbers, and closes a
// connection at its first fault.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#ifdef WITH_SLUICE
#include <sluice/adapters/nghttp2/priority_adapter.h>
#endif

namespace {

// Bytes that the kernel may hold unsent. No policy can reorder those
// (docs/plugging-in.md).
constexpr int kNotSentLowat = 16384;

// The server waits no longer for its clients' last responses when it ends.
constexpr std::chrono::seconds kPatience{10};

struct Settings {
  std::string policy;  // of Sluice; unused by the plain server
  bool own_priorities = true;
};

struct Request {
  std::string path;  // CONNECT has none
  bool is_head = false;
};

// One response.
struct Body {
  size_t left = 0;  // bytes to send
};

class Connection {
 public:
  // Owns `socket`, and `tls`, which is set to it.
  Connection(int socket, SSL* tls, const Settings& settings)
      : socket_(socket), tls_(tls) {
    SSL_set_accept_state(tls_);
    SSL_set_mode(tls_, SSL_MODE_ENABLE_PARTIAL_WRITE);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                         OnFrameRecv);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                           OnStreamClose);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
#ifdef WITH_SLUICE
    sluice::adapters::PriorityAdapter::SetOptions(option);
    sluice::adapters::PriorityAdapter::SetExtensionCallbacks<&AdapterOf>(
        callbacks, option);
    adapter_ = *sluice::adapters::PriorityAdapter::Create(settings.policy);
#endif
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries,
                            settings.own_priorities ? 1 : 2);
  }

  ~Connection() {
    nghttp2_session_del(session_);
    SSL_free(tls_);
    close(socket_);
  }

  int socket() const { return socket_; }

  short events() const {
    if (said_all_) return POLLIN;
    const bool writes =
        wants_write_ ||
        (!write_waits_for_read_ &&
         (unsent_size_ > 0 || nghttp2_session_want_write(session_) != 0));
    return static_cast<short>(POLLIN | (writes ? POLLOUT : 0));
  }

  // The client is told that no further request is taken (RFC 9113 §6.8). Those
  // under way are answered.
  void Drain() {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session_),
                          NGHTTP2_NO_ERROR, nullptr, 0);
  }

  // False: the connection is over.
  bool Handle(short events) {
    if (said_all_) return WaitForTheEnd();
#ifdef WITH_SLUICE
    const auto now = std::chrono::steady_clock::now();  // for the decision log
    adapter_->AdvanceTime(absl::FromChrono(now - std::exchange(now_, now)));
#endif
    wants_write_ = false;
    if ((events & POLLIN) != 0) write_waits_for_read_ = false;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !Receive()) {
      return false;
    }
    if ((events & POLLOUT) != 0 && !Send()) return false;
    if (nghttp2_session_want_read(session_) == 0 &&
        nghttp2_session_want_write(session_) == 0 && unsent_size_ == 0) {
      said_all_ = true;
      SSL_shutdown(tls_);
      shutdown(socket_, SHUT_WR);
    }
    return true;
  }

 private:
  // To close at once would reset the connection when the client's next frame
  // comes, and bytes still on their way to it would be lost.
  bool WaitForTheEnd() {
    char ignored[4096];
    ssize_t size = 0;
    do {
      size = recv(socket_, ignored, sizeof(ignored), 0);
    } while (size > 0);
    return size < 0 && errno == EAGAIN;
  }

  bool Receive() {
    uint8_t buffer[16384];
    for (;;) {
      const int received = SSL_read(tls_, buffer, sizeof(buffer));
      if (received <= 0) return MayTryAgain(received);
      const auto size = static_cast<size_t>(received);
#ifdef WITH_SLUICE
      const ssize_t taken = adapter_->Receive(session_, buffer, size);
#else
      const ssize_t taken = nghttp2_session_mem_recv(session_, buffer, size);
#endif
      if (taken < 0) return false;
    }
  }

  // One frame at a time, and only while the socket takes it. So each frame is
  // chosen when it can go, not before.
  bool Send() {
    for (;;) {
      if (unsent_size_ == 0) {
        const ssize_t size = nghttp2_session_mem_send(session_, &unsent_);
        if (size <= 0) return size == 0;
        unsent_size_ = static_cast<size_t>(size);
      }
      const int sent = SSL_write(tls_, unsent_, static_cast<int>(unsent_size_));
      if (sent <= 0) {
        // During the handshake, TLS may wait for bytes although the socket has
        // room.
        write_waits_for_read_ = SSL_want_read(tls_);
        return MayTryAgain(sent);
      }
      unsent_ += sent;
      unsent_size_ -= static_cast<size_t>(sent);
      // The kernel takes more than the low-water mark, so ask poll() first.
      if (unsent_size_ == 0) return true;
    }
  }

  bool MayTryAgain(int result) {
    const int error = SSL_get_error(tls_, result);
    ERR_clear_error();
    wants_write_ = error == SSL_ERROR_WANT_WRITE;
    return wants_write_ || error == SSL_ERROR_WANT_READ;
  }

  static Connection* Of(void* user_data) {
    return static_cast<Connection*>(user_data);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                      const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t,
                      void* user_data) {
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
#ifdef WITH_SLUICE
    Of(user_data)->adapter_->OnHeader(frame, key, text);
#endif
    Request& request = Of(user_data)->requests_[frame->hd.stream_id];
    if (key == ":path") request.path = text;
    if (key == ":method") request.is_head = text == "HEAD";
    return 0;
  }

  static int OnFrameRecv([[maybe_unused]] nghttp2_session* session,
                         const nghttp2_frame* frame, void* user_data) {
#ifdef WITH_SLUICE
    Of(user_data)->adapter_->OnFrameRecv(session, frame);
#endif
    // The last frame of a request: HEADERS, its DATA or its trailers.
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      return Of(user_data)->Answer(frame->hd.stream_id);
    }
    return 0;
  }

  static int OnStreamClose([[maybe_unused]] nghttp2_session* session,
                           int32_t stream_id, uint32_t, void* user_data) {
#ifdef WITH_SLUICE
    Of(user_data)->adapter_->OnStreamClose(session, stream_id);
#endif
    Of(user_data)->requests_.erase(stream_id);
    Of(user_data)->bodies_.erase(stream_id);
    return 0;
  }

  int Answer(int32_t stream_id) {
    static uint8_t name[] = ":status", value[] = "200";
    const nghttp2_nv status = {name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
    const Request& request = requests_[stream_id];
    if (request.is_head) {  // without content (RFC 9110 §9.3.2)
      return nghttp2_submit_response(session_, stream_id, &status, 1, nullptr);
    }
    Body& body = bodies_[stream_id];
    body.left =
        request.path.empty() ? 0 : std::strtoul(&request.path[1], nullptr, 10);
    nghttp2_data_provider provider;
    provider.source.ptr = &body;
    provider.read_callback = ReadBody;
#ifdef WITH_SLUICE
    provider = adapter_->Schedule(stream_id, provider);
#endif
    return nghttp2_submit_response(session_, stream_id, &status, 1, &provider);
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* buffer,
                          size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    Body* body = static_cast<Body*>(source->ptr);
    const size_t now = std::min(size, body->left);
    std::memset(buffer, 's', now);
    body->left -= now;
    if (body->left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(now);
  }

#ifdef WITH_SLUICE
  static sluice::adapters::PriorityAdapter* AdapterOf(void* user_data) {
    return Of(user_data)->adapter_.get();
  }
  std::unique_ptr<sluice::adapters::PriorityAdapter> adapter_;
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
#endif

  const int socket_;
  SSL* const tls_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Request> requests_;
  std::map<int32_t, Body> bodies_;
  const uint8_t* unsent_ = nullptr;  // of nghttp2's last frame
  size_t unsent_size_ = 0;
  bool wants_write_ = false;           // TLS has to write first
  bool write_waits_for_read_ = false;  // TLS has to read first
  bool said_all_ = false;              // waits for the client to close
};

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "nghttp2_server: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

// RFC 9113 §3.2: HTTP/2 over TLS is agreed on by ALPN.
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size,
                   void*) {
  const bool agreed =
      nghttp2_select_next_protocol(const_cast<unsigned char**>(out), out_size,
                                   offered, offered_size) == 1;
  return agreed ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX* MakeContext(const char* key, const char* certificate) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
    Fail("cannot read key or certificate");
  }
  return context;
}

// Prints the port on standard output, so a caller may ask for port 0.
int Listen(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSentLowat,
             sizeof(kNotSentLowat));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) !=
          0) {
    std::perror("nghttp2_server: cannot listen");
    std::exit(1);
  }
  std::printf("libnghttp2 %s, listening on port %d\n",
              nghttp2_version(0)->version_str, ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

// A descriptor that is readable after SIGINT or SIGTERM.
int SignalsToEnd() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_NONBLOCK);
}

// Until a signal has come and the last connection is over, or patience is.
void Serve(int listener, SSL_CTX* context, const Settings& settings) {
  int signals = SignalsToEnd();
  auto deadline = std::chrono::steady_clock::time_point::max();
  std::vector<std::unique_ptr<Connection>> connections;
  // No descriptor is left, so clients wait in the listener's queue, and poll()
  // would report it readable without end. So poll() gets a negative descriptor
  // for it, which it skips, until a connection ends or a second has passed.
  bool full = false;
  while (signals >= 0 || (!connections.empty() &&
                          std::chrono::steady_clock::now() < deadline)) {
    std::vector<pollfd> polled = {{full ? -1 : listener, POLLIN, 0},
                                  {signals, POLLIN, 0}};
    for (const auto& connection : connections) {
      polled.push_back({connection->socket(), connection->events(), 0});
    }
    const int ready =
        poll(polled.data(), polled.size(), full || signals < 0 ? 1000 : -1);
    if (ready < 0) continue;
    if (ready == 0) full = false;
    for (size_t i = connections.size(); i-- > 0;) {
      const short events = polled[i + 2].revents;
      if (events != 0 && !connections[i]->Handle(events)) {
        connections.erase(connections.begin() + static_cast<ptrdiff_t>(i));
        full = false;
      }
    }
    if ((polled[1].revents & POLLIN) != 0) {
      close(std::exchange(listener, -1));
      close(std::exchange(signals, -1));
      deadline = std::chrono::steady_clock::now() + kPatience;
      for (const auto& connection : connections) connection->Drain();
      continue;
    }
    if ((polled[0].revents & POLLIN) == 0) continue;
    const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (socket < 0) {
      full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
             errno == ENOMEM;
      continue;
    }
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    SSL* const tls = SSL_new(context);
    if (tls == nullptr || SSL_set_fd(tls, socket) != 1) {
      // No memory for this connection. The next one must not find its errors in
      // OpenSSL's queue.
      ERR_clear_error();
      SSL_free(tls);
      close(socket);
      continue;
    }
    connections.push_back(std::make_unique<Connection>(socket, tls, settings));
  }
}

}  // namespace

int main(int argc, char** argv) {
  // As SLUICE_TRACE=FILE in the environment.
  if (argc > 5 && std::strcmp(argv[argc - 2], "--trace") == 0) {
    setenv("SLUICE_TRACE", argv[argc - 1], 1);
    argc -= 2;
  }
  if (argc < 4) {
    std::fprintf(stderr,
                 "usage: %s PORT KEY CERTIFICATE [POLICY] [no-own-priorities]"
                 " [--trace FILE]\n"
                 "no-own-priorities: switch nghttp2's RFC 7540 tree off\n"
                 "--trace: write decision logs to FILE, FILE.2, …\n",
                 argv[0]);
    return 2;
  }
  Settings settings;
  settings.policy = argc > 4 ? argv[4] : "rfc7540";
  settings.own_priorities =
      !(argc > 5 && std::string(argv[5]) == "no-own-priorities");
#ifdef WITH_SLUICE
  const absl::Status known =
      sluice::adapters::PriorityAdapter::Create(settings.policy, {}, nullptr)
          .status();
  if (!known.ok()) Fail(known.ToString().c_str());
#endif
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX* context = MakeContext(argv[2], argv[3]);
  Serve(Listen(std::atoi(argv[1])), context, settings);
  SSL_CTX_free(context);
}
