#include "benchmarks/probe/wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "asio/buffer.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/ip/address.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/socket_base.hpp"
#include "asio/ssl.hpp"
#include "asio/write.hpp"
#include "benchmarks/probe/url.h"

namespace sluice::probe {
namespace {

using asio::ip::tcp;

constexpr size_t kReadSize = 65536;
constexpr unsigned char kH2[] = {2, 'h', '2'};
constexpr int kSmallBuffer = 16384;
constexpr int kSmallSegment = 1460;

constexpr absl::string_view kCloses = "the server closes the connection";

absl::Status Unavailable(absl::string_view what, const std::error_code& why) {
  if (why == asio::error::eof) return absl::UnavailableError(what);
  return absl::UnavailableError(absl::StrCat(what, ": ", why.message()));
}

template <typename Done>
void RunUntil(asio::io_context* io, Done done, absl::Duration patience) {
  const auto until =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
  io->restart();
  while (!done() && io->run_one_until(until) > 0) {
  }
}

// Runs `start`, which gets what to call with the outcome. `failure`: what an
// error means.
template <typename Start>
absl::Status Await(asio::io_context* io, absl::string_view failure, Start start,
                   absl::Duration patience) {
  const auto outcome = std::make_shared<std::pair<bool, std::error_code>>();
  start([outcome](const std::error_code& why) { *outcome = {true, why}; });
  RunUntil(
      io, [&] { return outcome->first; }, patience);
  if (!outcome->first) {
    const absl::Duration waited = absl::Ceil(patience, absl::Milliseconds(100));
    return absl::UnavailableError(absl::StrCat(
        failure, " (nothing came for ", absl::FormatDuration(waited), ")"));
  }
  return outcome->second ? Unavailable(failure, outcome->second)
                         : absl::OkStatus();
}

// The bytes of one connection.
class AsioWire : public Wire {
 public:
  AsioWire(asio::io_context* io, asio::ssl::context* context)
      : io_(*io), stream_(io_, *context), buffer_(kReadSize) {}

  // Ends what has begun while its objects are here. poll() throws what handlers
  // throw, and ours throw nothing.
  ~AsioWire() override {  // NOLINT(bugprone-exception-escape)
    std::error_code ignored;
    stream_.next_layer().close(ignored);
    io_.restart();
    io_.poll();
  }

  // After Connect() or StartTls() it may be read and written.
  absl::Status Connect(const tcp::endpoint& endpoint, bool small_buffers,
                       absl::Duration patience) {
    tcp::socket& socket = stream_.next_layer();
    std::error_code error;
    socket.open(endpoint.protocol(), error);
    if (!error) socket.set_option(tcp::no_delay(true), error);
    if (!error && small_buffers) {
      socket.set_option(asio::socket_base::receive_buffer_size(kSmallBuffer),
                        error);
      using Segment =
          asio::detail::socket_option::integer<IPPROTO_TCP, TCP_MAXSEG>;
      if (!error) socket.set_option(Segment(kSmallSegment), error);
    }
    if (error) return Unavailable("cannot make a socket", error);
    return Await(
        &io_, "cannot connect",
        [&](auto done) { socket.async_connect(endpoint, done); }, patience);
  }

  absl::Status StartTls(const Url& url, bool insecure,
                        absl::Duration patience) {
    tls_ = true;
    std::error_code not_numeric;
    asio::ip::make_address(url.host, not_numeric);
    if (not_numeric) {
      SSL_set_tlsext_host_name(stream_.native_handle(), url.host.c_str());
    }
    if (!insecure) {
      stream_.set_verify_callback(asio::ssl::host_name_verification(url.host));
    }
    absl::Status status = Await(
        &io_, "the TLS handshake failed",
        [&](auto done) {
          stream_.async_handshake(asio::ssl::stream_base::client, done);
        },
        patience);
    if (absl::StrContains(status.message(), "certificate verify failed")) {
      return absl::UnavailableError(
          absl::StrCat(status.message(), "; --insecure takes any certificate"));
    }
    if (!status.ok()) return status;
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(stream_.native_handle(), &protocol, &size);
    if (absl::string_view(reinterpret_cast<const char*>(protocol), size) !=
        "h2") {
      return absl::UnavailableError("the server does not offer h2 by ALPN");
    }
    return absl::OkStatus();
  }

  absl::Status Write(absl::string_view bytes,
                     absl::Duration patience) override {
    if (bytes.empty()) return absl::OkStatus();
    return Await(
        &io_, kCloses,
        [&](auto done) {
          const auto handler = [done](const std::error_code& why, size_t) {
            done(why);
          };
          const auto buffer = asio::buffer(bytes.data(), bytes.size());
          if (tls_) {
            asio::async_write(stream_, buffer, handler);
          } else {
            asio::async_write(stream_.next_layer(), buffer, handler);
          }
        },
        patience);
  }

  absl::StatusOr<absl::string_view> Read(size_t most,
                                         absl::Duration patience) override {
    if (!reading_) StartReading(std::min(most, buffer_.size()));
    RunUntil(
        &io_, [this] { return !reading_; }, patience);
    if (reading_) return absl::string_view();
    if (read_error_) return Unavailable(kCloses, read_error_);
    AcknowledgeAtOnce();
    return absl::string_view(buffer_.data(), read_);
  }

 private:
  // Many servers leave Nagle's algorithm on: then their next bytes wait for the
  // acknowledgement of these, which Linux delays by 40 ms. It does so again
  // soon, so this is for each read.
  void AcknowledgeAtOnce() {
    using QuickAck =
        asio::detail::socket_option::boolean<IPPROTO_TCP, TCP_QUICKACK>;
    std::error_code ignored;
    stream_.next_layer().set_option(QuickAck(true), ignored);
  }

  void StartReading(size_t most) {
    reading_ = true;
    const auto handler = [this](const std::error_code& why, size_t bytes) {
      reading_ = false;
      read_error_ = why;
      read_ = bytes;
    };
    const auto buffer = asio::buffer(buffer_.data(), most);
    if (tls_) {
      stream_.async_read_some(buffer, handler);
    } else {
      stream_.next_layer().async_read_some(buffer, handler);
    }
  }

  asio::io_context& io_;
  asio::ssl::stream<tcp::socket> stream_;
  bool tls_ = false;
  std::vector<char> buffer_;
  bool reading_ = false;  // a read has begun; it may outlast a Read()
  std::error_code read_error_;
  size_t read_ = 0;
};

}  // namespace

struct Dialer::Impl {
  Impl(Url url, bool insecure)
      : url(std::move(url)),
        insecure(insecure),
        context(asio::ssl::context::tls_client) {}

  // Looks up the host the first time.
  absl::Status Resolve(absl::Duration patience) {
    if (!addresses.empty()) return absl::OkStatus();
    tcp::resolver resolver(io);
    return Await(
        &io, absl::StrCat("cannot find ", url.host),
        [&](auto done) {
          resolver.async_resolve(
              url.host, std::to_string(url.port),
              [this, done](const std::error_code& why,
                           const tcp::resolver::results_type& found) {
                addresses = found;
                done(why);
              });
        },
        patience);
  }

  const Url url;
  const bool insecure;
  asio::io_context io;
  asio::ssl::context context;
  tcp::resolver::results_type addresses;
};

Dialer::Dialer(Url url, bool insecure)
    : impl_(std::make_unique<Impl>(std::move(url), insecure)) {
  asio::ssl::context& context = impl_->context;
  if (impl_->url.tls() && !insecure) {
    context.set_default_verify_paths();
    context.set_verify_mode(asio::ssl::verify_peer);
  }
  SSL_CTX_set_alpn_protos(context.native_handle(), kH2, sizeof(kH2));
}

Dialer::~Dialer() = default;

absl::StatusOr<std::unique_ptr<Wire>> Dialer::Connect(bool small_buffers,
                                                      absl::Duration patience) {
  absl::Status status = impl_->Resolve(patience);
  if (!status.ok()) return status;
  for (const auto& entry : impl_->addresses) {
    auto wire = std::make_unique<AsioWire>(&impl_->io, &impl_->context);
    status = wire->Connect(entry.endpoint(), small_buffers, patience);
    if (!status.ok()) continue;
    if (impl_->url.tls()) {
      status = wire->StartTls(impl_->url, impl_->insecure, patience);
    }
    if (!status.ok()) break;
    return wire;
  }
  return status;
}

}  // namespace sluice::probe
