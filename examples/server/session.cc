#include "examples/server/session.h"

#include <sluice/h2/types.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iostream>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "asio/ip/tcp.hpp"
#include "asio/post.hpp"
#include "asio/socket_base.hpp"
#include "examples/server/http_connection.h"
#include "examples/server/late_binding.h"
#include "examples/server/transport.h"

namespace sluice::examples {
namespace {

using Clock = std::chrono::steady_clock;

// The longest times for the last bytes, and then for the peer's own end.
constexpr Clock::duration kFlushTimeout = std::chrono::seconds(5);
constexpr Clock::duration kLingerTimeout = std::chrono::seconds(2);
// One session's share before others have their turn.
constexpr int kReadsPerTurn = 4;
// The most waits between two early reads (WaitForRequests()).
constexpr int kMostWaits = 15;
// With more bytes of output than this, reading stops: the peer makes us write
// and does not read. (The bytes are headers and answers to frames, and DATA
// that the socket refused.)
constexpr size_t kMostOutputBeforeReading = LateBinding::kMost + 256 * 1024;

}  // namespace

Session::Session(asio::ip::tcp::socket socket,
                 std::unique_ptr<Transport> transport,
                 std::unique_ptr<HttpConnection> http, size_t max_frame,
                 SessionTimeouts timeouts, absl::Span<char> buffer,
                 std::function<void(Session*)> on_closed)
    : socket_(std::move(socket)),
      transport_(std::move(transport)),
      http_(std::move(http)),
      timeouts_(timeouts),
      buffer_(buffer),
      on_closed_(std::move(on_closed)),
      timer_(socket_.get_executor()),
      binding_(max_frame, now_) {}

void Session::Start() {
  deadline_ = now_ + timeouts_.setup;
  WaitForDeadline();
  ContinueHandshake();
}

void Session::ContinueHandshake() {
  switch (transport_->Handshake().status) {
    case IoStatus::kDone:
      state_ = State::kOpen;
      Write();  // our SETTINGS need not wait for the peer's (RFC 9113 §3.4)
      WaitReadable();
      break;
    case IoStatus::kWantRead:
      WaitReadable();
      break;
    case IoStatus::kWantWrite:
      WaitWritable();
      break;
    case IoStatus::kEnd:
    case IoStatus::kError:
      Linger();  // the alert, if there is one, is in the socket
      break;
  }
}

void Session::WaitReadable() {
  if (waiting_to_read_ || state_ == State::kClosed) return;
  waiting_to_read_ = true;
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](std::error_code error) {
                       self->waiting_to_read_ = false;
                       if (!error) self->OnReadable();
                     });
}

void Session::ReadSoon() {
  if (waiting_to_read_ || state_ == State::kClosed) return;
  waiting_to_read_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->waiting_to_read_ = false;
    self->OnReadable();
  });
}

// A wait costs two system calls, epoll_ctl() and a part of epoll_wait(). While
// the thread is busy, the next requests are here when the other sessions have
// had their turn, and the read alone is enough. A read in vain costs one call;
// so the more of them in a row, the more waits before the next.
void Session::WaitForRequests() {
  early_read_ = waits_ == 0;
  if (early_read_) {
    ReadSoon();
  } else {
    --waits_;
    WaitReadable();
  }
}

void Session::WaitWritable() {
  if (waiting_to_write_ || state_ == State::kClosed) return;
  waiting_to_write_ = true;
  socket_.async_wait(asio::socket_base::wait_write,
                     [self = shared_from_this()](std::error_code error) {
                       self->waiting_to_write_ = false;
                       if (!error) self->OnWritable();
                     });
}

void Session::OnReadable() {
  switch (state_) {
    case State::kHandshake:
      ContinueHandshake();
      break;
    case State::kOpen:
      ReadRequests();
      break;
    case State::kFlushing:
    case State::kLingering:
      DiscardInput();
      break;
    case State::kClosed:
      break;
  }
}

void Session::OnWritable() {
  if (state_ == State::kHandshake) {
    ContinueHandshake();
  } else if (state_ != State::kOpen || AdvanceTime().ok()) {
    Write();
  }
}

void Session::ReadRequests() {
  if (!AdvanceTime().ok()) return;
  const bool early = std::exchange(early_read_, false);
  bool peer_ended = false;
  bool more = true;
  bool found = false;
  for (int i = 0; i < kReadsPerTurn && more; ++i) {
    if (http_->wire().OutputSize() > kMostOutputBeforeReading) {
      reading_paused_ = true;
      break;
    }
    const IoResult result = transport_->Read(buffer_);
    if (result.status == IoStatus::kError) {
      Abort();
      return;
    }
    peer_ended = result.status == IoStatus::kEnd;
    more = result.more;
    if (result.status != IoStatus::kDone) break;
    found = true;
    const absl::Status status =
        http_->Receive(absl::string_view(buffer_.data(), result.bytes));
    Touch();
    if (!status.ok()) {
      Finish();
      return;
    }
  }
  if (early) {
    backoff_ = found ? 0 : std::min(2 * backoff_ + 1, kMostWaits);
    waits_ = backoff_;
  }
  // Requests just before the peer's end are answered too.
  Write();
  if (state_ != State::kOpen) return;
  if (peer_ended) {
    Finish();
  } else if (reading_paused_) {
    return;
  } else if (more) {
    ReadSoon();
  } else if (found) {
    WaitForRequests();
  } else {
    WaitReadable();
  }
}

// Reads around the transport: after a failed handshake TLS reads nothing more,
// and bytes that stay in the socket would turn the close into an RST.
void Session::DiscardInput() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const ssize_t got = ::recv(socket_.native_handle(), buffer_.data(),
                               buffer_.size(), MSG_DONTWAIT);
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      WaitReadable();
    } else if (got < 0 || state_ == State::kLingering) {
      Abort();
    }
    return;
  }
  ReadSoon();
}

void Session::ChooseBodies() {
  // What a full socket refused goes first.
  size_t chosen = refused_ ? http_->wire().OutputSize() : 0;
  const size_t first = binding_.FirstBytes();
  if (chosen >= first || !http_->HasBodies()) return;
  chosen += http_->Pull(first - chosen);
  if (!http_->HasBodies()) return;
  AskAboutLink();
  const size_t most = binding_.BytesPerWrite();
  if (most > chosen) http_->Pull(most - chosen);
}

void Session::AskAboutLink() {
  if (!binding_.WantsLink(now_)) return;
  binding_.SetLink(support::AskKernel(socket_.native_handle()), now_);
}

void Session::Write() {
  if (waiting_to_write_) return;  // the socket is full; OnWritable() comes
  if (state_ != State::kOpen && state_ != State::kFlushing) return;
  h2::Connection& wire = http_->wire();
  if (state_ == State::kOpen && transport_->Pending() == 0) ChooseBodies();
  if (transport_->Pending() > 0 || wire.OutputSize() > 0) {
    const size_t offered = wire.OutputSize();
    if (transport_->HasRecords() && offered > binding_.RecordSize(now_)) {
      AskAboutLink();  // whether it takes larger records
    }
    const IoResult result = transport_->Write(&wire, binding_.RecordSize(now_));
    if (result.status != IoStatus::kDone &&
        result.status != IoStatus::kWantWrite) {
      Abort();
      return;
    }
    refused_ = result.status == IoStatus::kWantWrite;
    binding_.OnWrite(
        offered, result.bytes - std::min(result.bytes, transport_->Pending()),
        now_);
    Touch();
    if (refused_ || (state_ == State::kOpen && http_->HasBodies())) {
      // No further write now, even if the socket would take it: whatever is
      // chosen early cannot be overtaken.
      WaitWritable();
    }
  }
  if (reading_paused_ && wire.OutputSize() <= kMostOutputBeforeReading / 2) {
    reading_paused_ = false;
    ReadSoon();
  }
  if (waiting_to_write_) return;
  if (state_ == State::kFlushing) {
    Linger();
  } else if (http_->Finished()) {
    Finish();
  }
}

void Session::Finish() {
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  deadline_ = Clock::now() + kFlushTimeout;
  WaitForDeadline();
  Write();
  WaitReadable();
}

void Session::Linger() {
  state_ = State::kLingering;
  deadline_ = Clock::now() + kLingerTimeout;
  WaitForDeadline();
  transport_->ShutdownWrite();
  DiscardInput();
}

void Session::Drain() {
  if (state_ == State::kHandshake) {
    Abort();
  } else if (state_ == State::kOpen && AdvanceTime().ok()) {
    http_->Drain();
    Write();
  }
}

void Session::Abort() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  const std::shared_ptr<Session> self = shared_from_this();
  std::error_code ignored;
  timer_.cancel();
  socket_.close(ignored);
  on_closed_(this);
}

absl::Status Session::AdvanceTime() {
  const Clock::time_point now = Clock::now();
  const absl::Status status = http_->AdvanceTime(absl::FromChrono(now - now_));
  now_ = now;
  if (!status.ok()) Finish();
  return status;
}

void Session::Touch() {
  if (state_ == State::kOpen && http_->Established()) {
    deadline_ = now_ + timeouts_.idle;
    // The timer waits for the end of the setup, which may be later.
    if (deadline_ < timer_.expiry()) WaitForDeadline();
  }
}

void Session::WaitForDeadline() {
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](std::error_code error) {
    // A new deadline cancels the wait for the old one.
    if (error || self->state_ == State::kClosed) return;
    if (Clock::now() < self->deadline_) {
      self->WaitForDeadline();
    } else {
      self->OnDeadline();
    }
  });
}

void Session::OnDeadline() {
  if (state_ != State::kOpen) {
    Abort();
    return;
  }
  if (!AdvanceTime().ok()) return;  // SETTINGS_TIMEOUT
  http_->Close(h2::ErrorCode::kNoError);
  Finish();
}

}  // namespace sluice::examples
