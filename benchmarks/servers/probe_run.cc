#include "benchmarks/servers/probe_run.h"

#include <poll.h>
#include <time.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/client_stream.h"
#include "benchmarks/servers/link_client.h"

namespace sluice::servers {
namespace {

constexpr int kPatienceMs = 30'000;

absl::Duration Now() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

absl::Status WaitReadable(int socket, int interrupt) {
  pollfd waits[] = {{socket, POLLIN, 0}, {interrupt, POLLIN, 0}};
  int ready;
  do {
    ready = ::poll(waits, 2, kPatienceMs);
  } while (ready < 0 && errno == EINTR);
  if (waits[1].revents != 0) return absl::CancelledError("interrupted");
  if (ready > 0) return absl::OkStatus();
  return absl::DeadlineExceededError("the server sent no byte for 30 s");
}

}  // namespace

absl::Status RunProbe(ClientStream* stream, int interrupt, LinkClient* client) {
  absl::Status status = client->Start();
  while (status.ok() && !client->done()) {
    status = stream->Write(client->connection().DataToSend());
    if (status.ok() && !stream->HasDecrypted()) {
      status = WaitReadable(stream->socket(), interrupt);
    }
    if (!status.ok()) break;
    const absl::StatusOr<absl::string_view> bytes = stream->Read();
    status = bytes.ok() ? client->Receive(*bytes, Now()) : bytes.status();
  }
  return status;
}

}  // namespace sluice::servers
