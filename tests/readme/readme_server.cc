// The smallest program around the code of README.md, "Plug it in": sockets and
// epoll. GET /N answers N bytes.
//
//   readme_server PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/readme/plug_it_in.h"

// What the README leaves to its reader.
std::string Page(absl::string_view path) {
  return std::string(std::strtoul(std::string(path).c_str() + 1, nullptr, 10),
                     's');
}

namespace {

class Server {
 public:
  Server(int listener, int signals)
      : epoll_(epoll_create1(0)), listener_(listener), signals_(signals) {
    Watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
    Watch(EPOLL_CTL_ADD, signals_, EPOLLIN);
  }

  void Run() {
    while (!stopping_ || !connections_.empty()) {
      epoll_event events[64];
      const int ready = epoll_wait(epoll_, events, 64, /*timeout=*/100);
      Tick();
      for (int i = 0; i < ready; ++i)
        Handle(events[i].data.fd, events[i].events);
    }
  }

 private:
  struct Client {
    std::unique_ptr<MyConnection> connection;
    bool is_over = false;
    absl::Duration left = absl::Seconds(5);  // to close, when it is over
  };

  void Watch(int operation, int fd, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  // Time goes on for all of them, and arms EPOLLOUT where there is more now.
  void Tick() {
    const auto now = std::chrono::steady_clock::now();
    const absl::Duration elapsed = absl::FromChrono(now - before_);
    before_ = now;
    for (auto it = connections_.begin(); it != connections_.end();) {
      Client& client = (it++)->second;
      if (client.is_over) client.left -= elapsed;
      client.connection->OnTime(elapsed);
      Settle(&client);
    }
  }

  void Settle(Client* client) {
    const int fd = client->connection->fd;
    if (client->left <= absl::ZeroDuration()) return Close(fd);
    if (!client->is_over && client->connection->IsOver()) {
      client->is_over = true;
      shutdown(fd, SHUT_WR);
    }
    const bool writes = !client->is_over && client->connection->WantsToWrite();
    Watch(EPOLL_CTL_MOD, fd, EPOLLIN | (writes ? EPOLLOUT : 0u));
  }

  void Close(int fd) {
    connections_.erase(fd);
    close(fd);
  }

  void Handle(int fd, uint32_t events) {
    if (fd == listener_) return Accept();
    if (fd == signals_) return Stop();
    const auto found = connections_.find(fd);
    if (found == connections_.end()) return;
    Client& client = found->second;
    if ((events & ~EPOLLOUT) != 0) {
      char buffer[16384];
      const ssize_t size = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (size <= 0) return Close(fd);
      if (client.is_over) return;
      client.connection->OnReadable({buffer, static_cast<size_t>(size)});
    }
    if ((events & EPOLLOUT) != 0) client.connection->OnWritable();
    Settle(&client);
  }

  void Accept() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    auto connection = std::make_unique<MyConnection>(fd);
    connection->OnAccepted();
    Watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT);
    connections_[fd].connection = std::move(connection);
  }

  void Stop() {
    signalfd_siginfo signal;
    if (read(signals_, &signal, sizeof(signal)) < 0) return;
    stopping_ = true;
    close(listener_);
    for (auto& [fd, client] : connections_) client.connection->OnStop();
  }

  const int epoll_;
  const int listener_;
  const int signals_;
  std::map<int, Client> connections_;
  std::chrono::steady_clock::time_point before_ =
      std::chrono::steady_clock::now();
  bool stopping_ = false;
};

// Prints the port, so a caller may ask for port 0.
int Listen(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  const int notsent_lowat = 16384;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
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
    std::perror("cannot listen");
    std::exit(1);
  }
  std::printf("listening on port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  const int signals = signalfd(-1, &stop, SFD_NONBLOCK);
  Server(Listen(std::atoi(argv[1])), signals).Run();
}
