#include "benchmarks/servers/client_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {
namespace {

constexpr size_t kReadSize = 65536;
constexpr int kPatienceSeconds = 30;
constexpr unsigned char kH2[] = {2, 'h', '2'};

absl::Status SetOptions(int socket) {
  const int on = 1;
  const timeval patience = {.tv_sec = kPatienceSeconds, .tv_usec = 0};
  if (::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
      ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience,
                   sizeof(patience)) != 0 ||
      ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience,
                   sizeof(patience)) != 0) {
    return absl::ErrnoToStatus(errno, "cannot set options of a socket");
  }
  return absl::OkStatus();
}

absl::Status ConnectTo(int socket, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, kServerAddress, &address.sin_addr);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, "cannot connect over the slow link");
  }
  return absl::OkStatus();
}

}  // namespace

ClientStream::ClientStream(Fd socket)
    : socket_(std::move(socket)), buffer_(kReadSize) {}

absl::StatusOr<ClientStream> ClientStream::Connect(const LinkEnd& client_end,
                                                   int port, bool tls) {
  Fd socket;
  absl::Status status = client_end.Inside([&] {
    socket = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return socket.valid() ? SetOptions(socket.get())
                          : absl::ErrnoToStatus(errno, "socket");
  });
  if (status.ok()) status = ConnectTo(socket.get(), port);
  if (!status.ok()) return status;
  ClientStream stream(std::move(socket));
  if (tls) status = stream.StartTls();
  if (!status.ok()) return status;
  return stream;
}

absl::Status ClientStream::StartTls() {
  // The SSL keeps the context alive.
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
      SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  ssl_.reset(SSL_new(context.get()));
  if (ssl_ != nullptr &&
      SSL_set_alpn_protos(ssl_.get(), kH2, sizeof(kH2)) == 0 &&
      SSL_set_fd(ssl_.get(), socket_.get()) == 1 &&
      SSL_connect(ssl_.get()) == 1) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("the TLS handshake with the server failed");
}

absl::Status ClientStream::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent =
        ssl_ != nullptr
            ? static_cast<ssize_t>(SSL_write(ssl_.get(), bytes.data(),
                                             static_cast<int>(bytes.size())))
            : ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return absl::UnavailableError("the server takes no more bytes");
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> ClientStream::Read() {
  const auto got =
      ssl_ != nullptr
          ? static_cast<ssize_t>(SSL_read(ssl_.get(), buffer_.data(),
                                          static_cast<int>(buffer_.size())))
          : ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
  if (got > 0) {
    return absl::string_view(buffer_.data(), static_cast<size_t>(got));
  }
  return absl::UnavailableError(
      "the server ended the connection before the urgent body did");
}

bool ClientStream::HasDecrypted() const {
  return ssl_ != nullptr && SSL_pending(ssl_.get()) > 0;
}

}  // namespace sluice::servers
