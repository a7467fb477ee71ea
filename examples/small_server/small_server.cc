// A whole HTTP/2 server in one file: the core, a policy and sockets. GET
// /200000 answers 200,000 bytes, in cleartext, by prior knowledge.
//
//   ./bazelw run //examples/small_server -- 8080 rfc7540
//   nghttp -nv http://127.0.0.1:8080/200000
//
// CMakeLists.txt builds it with the installed library.
//
// One thread owns every connection. SIGINT and SIGTERM end the server, with the
// responses that are under way. examples/server adds TLS, files, timeouts of
// its own and logs.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"

namespace {

namespace h2 = ::sluice::h2;
namespace scheduler = ::sluice::scheduler;

// The most bytes that one decision sends.
constexpr size_t kFrame = 16384;

// The server waits no longer for its clients' last responses when it ends.
constexpr absl::Duration kPatience = absl::Seconds(10);

class Body : public scheduler::DataSource {
 public:
  explicit Body(size_t size) : left_(size) {}

  // Runs when the policy has picked the stream: makes the bytes only now.
  Chunk Read(size_t max_bytes) override {
    const size_t bytes = std::min(max_bytes, left_);
    left_ -= bytes;
    return {absl::Cord(std::string(bytes, 's')), left_ == 0, absl::OkStatus()};
  }

 private:
  size_t left_;
};

class Connection {
 public:
  Connection(int socket, std::unique_ptr<scheduler::Policy> policy)
      : socket_(socket),
        connection_({.side = h2::Side::kServer}),
        scheduler_(&connection_, std::move(policy)) {
    connection_.InitiateConnection().IgnoreError();  // fails the second time
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket() const { return socket_; }

  short events() const {
    const bool writes = connection_.OutputSize() > 0 || scheduler_.HasReady();
    return static_cast<short>(POLLIN | (writes ? POLLOUT : 0));
  }

  // False: the connection is over.
  bool Handle(short events) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !OnReadable()) {
      return false;
    }
    if ((events & POLLOUT) != 0 && !OnWritable()) return false;
    if (!IsOver()) return true;
    // To close at once would reset the connection when the client's next frame
    // comes, and bytes still on their way to it would be lost.
    shutdown(socket_, SHUT_WR);
    return !connection_.IsTerminated();
  }

  // What the client has asked for by now is still answered.
  void Drain() { connection_.Drain(kPatience).IgnoreError(); }

  // Or the client has had its time to close a drained connection.
  bool IsTerminated() const {
    return connection_.IsTerminated() || over_for_ >= kPatience;
  }

  // For the limits on rates, and on the time until SETTINGS are answered.
  void AdvanceTime(absl::Duration elapsed) {
    if (IsOver()) over_for_ += elapsed;
    connection_.AdvanceTime(elapsed)
        .IgnoreError();  // a GOAWAY is in the output
  }

 private:
  bool IsOver() const {
    return (connection_.IsTerminated() || connection_.IsDrained()) &&
           connection_.OutputSize() == 0;
  }

  bool OnReadable() {
    char buffer[kFrame];
    const ssize_t size = recv(socket_, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (size <= 0) return size < 0 && (errno == EAGAIN || errno == EINTR);
    std::vector<h2::Event> events;
    // After an error the GOAWAY is in the output; the events before it are
    // valid.
    connection_.ReceiveData({buffer, static_cast<size_t>(size)}, &events)
        .IgnoreError();
    for (const h2::Event& event : events) {
      scheduler_.OnEvent(event);
      // When its content has come, too: clients are known that wait for ever
      // when the response is complete before they have sent all, as curl 7.88.
      if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
        const auto path = request->headers.Find(":path").value_or("/");
        asked_[request->stream_id] =
            std::strtoul(std::string(path).c_str() + 1, nullptr, 10);
      } else if (const auto* end = std::get_if<h2::StreamEnded>(&event)) {
        Answer(end->stream_id);
      } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
        asked_.erase(reset->stream_id);
      }
    }
    connection_.EndViews();
    return true;
  }

  // Chooses one frame, which goes out now; then poll() is asked again.
  bool OnWritable() {
    scheduler_.Pull(kFrame);
    iovec pieces[16];
    const size_t count = connection_.PeekOutput(pieces);
    const ssize_t written = writev(socket_, pieces, static_cast<int>(count));
    if (written < 0) return errno == EAGAIN || errno == EINTR;
    return connection_.ConsumeOutput(static_cast<size_t>(written)).ok();
  }

  void Answer(uint32_t stream_id) {
    const auto asked = asked_.extract(stream_id);
    if (asked.empty()) return;
    scheduler_.SubmitOrReset(stream_id, {{":status", "200"}},
                             std::make_unique<Body>(asked.mapped()));
  }

  const int socket_;
  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;  // ends before connection_
  absl::Duration over_for_;             // since IsOver()
  std::map<uint32_t, size_t> asked_;    // by requests that have not ended
};

// Prints the port on standard output, so a caller may ask for port 0. Returns
// -1 when it cannot listen.
int Listen(int port, int notsent_lowat) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // Connections inherit both. With TCP_NOTSENT_LOWAT, poll() reports no room
  // while this many bytes are unsent in the kernel.
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent_lowat,
             sizeof(notsent_lowat));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, generic, size) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, generic, &size) != 0) {
    return -1;
  }
  std::printf("listening on port %d\n", ntohs(address.sin_port));
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

// Until a signal has come and the last connection is over.
void Serve(int listener, const std::string& policy) {
  int signals = SignalsToEnd();
  std::vector<std::unique_ptr<Connection>> connections;
  // No descriptor is left, so clients wait in the listener's queue, and poll()
  // would report it readable without end. So poll() gets a negative descriptor
  // for it, which it skips, until a connection ends or a second has passed.
  bool full = false;
  auto before = std::chrono::steady_clock::now();
  while (signals >= 0 || !connections.empty()) {
    std::vector<pollfd> polled = {{full ? -1 : listener, POLLIN, 0},
                                  {signals, POLLIN, 0}};
    for (const auto& connection : connections) {
      polled.push_back({connection->socket(), connection->events(), 0});
    }
    if (poll(polled.data(), polled.size(), /*timeout=*/1000) == 0) full = false;
    const auto now = std::chrono::steady_clock::now();
    for (size_t i = connections.size(); i-- > 0;) {
      connections[i]->AdvanceTime(absl::FromChrono(now - before));
      const short events = polled[i + 2].revents;
      const bool gave_up = signals < 0 && connections[i]->IsTerminated();
      if (gave_up || (events != 0 && !connections[i]->Handle(events))) {
        connections.erase(connections.begin() + static_cast<ptrdiff_t>(i));
        full = false;
      }
    }
    before = now;
    if ((polled[1].revents & POLLIN) != 0) {
      close(std::exchange(listener, -1));
      close(std::exchange(signals, -1));
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
    connections.push_back(
        std::make_unique<Connection>(socket, *scheduler::CreatePolicy(policy)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: %s PORT [POLICY [NOTSENT_LOWAT]]\n"
                 "NOTSENT_LOWAT: in bytes, 16384 by default; -1: no limit\n",
                 argv[0]);
    return 2;
  }
  const std::string policy = argc > 2 ? argv[2] : "auto";
  const absl::Status known = scheduler::CreatePolicy(policy).status();
  if (!known.ok()) {
    std::fprintf(stderr, "small_server: %s\n",
                 std::string(known.message()).c_str());
    return 2;
  }
  int port = 0;
  if (!absl::SimpleAtoi(argv[1], &port) || port < 0 || port > 65535) {
    std::fprintf(stderr, "small_server: PORT is '%s'; it must be 0 to 65535\n",
                 argv[1]);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const int notsent_lowat = argc > 3 ? std::atoi(argv[3]) : 16384;
  const int listener = Listen(port, notsent_lowat);
  if (listener < 0) {
    std::perror("cannot listen");
    return 1;
  }
  Serve(listener, policy);
}
