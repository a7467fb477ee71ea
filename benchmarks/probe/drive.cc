#include "benchmarks/probe/drive.h"

#include <sluice/h2/connection.h>

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/wire.h"

namespace sluice::probe {
namespace {

constexpr size_t kReadSize = 65536;
constexpr absl::Duration kConnectPatience = absl::Seconds(5);

absl::Duration Now() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

// One client on one wire.
class Ride {
 public:
  Ride(Wire* wire, Client* client, Budget* budget)
      : wire_(*wire), client_(*client), budget_(*budget), began_(Now()) {}

  absl::Status Run() {
    absl::Status status = client_.Start(Elapsed());
    while (status.ok() && !client_.done()) {
      status = Write();
      if (status.ok()) status = budget_.Check();
      if (status.ok()) status = Turn();
    }
    // The server shall know that this is the end, and why.
    client_.connection().CloseConnection().IgnoreError();
    Write().IgnoreError();
    return status;
  }

 private:
  absl::Duration Elapsed() const { return Now() - began_; }

  absl::Status Write() {
    return wire_.Write(client_.connection().DataToSend(), budget_.time_left());
  }

  // Waits for bytes, or for the client's time.
  absl::Status Turn() {
    const size_t slow = client_.slow_read_bytes();
    if (slow > 0) absl::SleepFor(Client::kSlowRead);
    const absl::Duration wait =
        std::min(client_.wake_at() - Elapsed(), budget_.time_left());
    const size_t most = slow > 0 ? slow : kReadSize;
    const absl::StatusOr<absl::string_view> bytes =
        wire_.Read(std::min(most, static_cast<size_t>(budget_.bytes_left())),
                   std::max(wait, absl::ZeroDuration()));
    if (!bytes.ok()) return bytes.status();
    budget_.Spend(static_cast<int64_t>(bytes->size()));
    absl::Status status =
        bytes->empty() ? absl::OkStatus() : client_.Receive(*bytes, Elapsed());
    // Also where bytes keep coming, but none that the client waits for.
    if (status.ok() && !client_.done() && Elapsed() >= client_.wake_at()) {
      status = client_.OnTime(Elapsed());
    }
    return status;
  }

  Wire& wire_;
  Client& client_;
  Budget& budget_;
  const absl::Duration began_;
};

}  // namespace

Budget::Budget(absl::Duration time, int64_t bytes)
    : time_(time), began_(Now()), bytes_(bytes), bytes_left_(bytes) {}

absl::Duration Budget::took() const { return Now() - began_; }

absl::Duration Budget::time_left() const {
  return std::max(time_ - took(), absl::ZeroDuration());
}

absl::Status Budget::Check() const {
  if (took() >= time_) {
    return absl::DeadlineExceededError(absl::StrCat(
        "the time of ", absl::FormatDuration(time_), " is used up"));
  }
  if (bytes_left_ <= 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the ", bytes_ / 1'000'000, " MB are used up"));
  }
  return absl::OkStatus();
}

absl::Status Drive(Dialer* dialer, Client* client, Budget* budget) {
  const absl::StatusOr<std::unique_ptr<Wire>> wire =
      dialer->Connect(/*small_buffers=*/client->slow_read_bytes() > 0,
                      std::min(kConnectPatience, budget->time_left()));
  if (!wire.ok()) return wire.status();
  return Ride(wire->get(), client, budget).Run();
}

}  // namespace sluice::probe
