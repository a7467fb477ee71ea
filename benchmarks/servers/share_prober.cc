#include "benchmarks/servers/share_prober.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/prober.h"

namespace sluice::servers {
namespace {

constexpr int kBodiesOfAGroup = 3;
// They stay idle: requests do not reach their ids.
constexpr h2::StreamId kHeavyGroup = 2001;
constexpr h2::StreamId kLightGroup = 2003;

}  // namespace

ShareProber::ShareProber(ShareOptions options)
    : options_(std::move(options)),
      connection_(GreedyClientOptions(/*rfc7540=*/true)) {}

absl::Status ShareProber::Start() {
  absl::Status status = StartGreedily(&connection_);
  if (status.ok() && options_.groups) {
    status = connection_.Prioritize(kHeavyGroup, {.weight = kHeavyWeight});
  }
  if (status.ok() && options_.groups) {
    status = connection_.Prioritize(kLightGroup, {.weight = kLightWeight});
  }
  const int bodies = options_.groups ? kBodiesOfAGroup : 1;
  for (int i = 0; i < bodies; ++i) {
    if (status.ok()) status = Get(/*heavy=*/true);
    if (status.ok()) status = Get(/*heavy=*/false);
  }
  return status;
}

absl::Status ShareProber::Get(bool heavy) {
  const absl::StatusOr<h2::StreamId> id =
      connection_.GetNextAvailableStreamId();
  if (!id.ok()) return id.status();
  if (heavy) heavy_.push_back(*id);
  signals::Rfc7540Priority priority;
  if (options_.groups) {
    priority.depends_on = heavy ? kHeavyGroup : kLightGroup;
  } else {
    priority.weight = heavy ? kHeavyWeight : kLightWeight;
  }
  return connection_.SendHeaders(*id,
                                 {{":method", "GET"},
                                  {":scheme", options_.scheme},
                                  {":path", options_.path},
                                  {":authority", options_.authority}},
                                 {.end_stream = true, .priority = priority});
}

absl::Status ShareProber::Receive(absl::string_view bytes,
                                  absl::Duration /*now*/) {
  std::vector<h2::Event> events;
  absl::Status status = connection_.ReceiveData(bytes, &events);
  for (const h2::Event& event : events) {
    if (!status.ok()) break;
    if (std::holds_alternative<h2::StreamEnded>(event) && !done()) {
      return absl::UnavailableError(
          absl::StrCat("a body ended after ", received_, " bytes of all"));
    }
    const auto* data = std::get_if<h2::DataReceived>(&event);
    if (data == nullptr) {
      status = CheckAnswer(event);
      continue;
    }
    Count(*data);
    status = connection_.AcknowledgeReceivedData(data->stream_id,
                                                 data->flow_controlled_length);
  }
  return status;
}

void ShareProber::Count(const h2::DataReceived& data) {
  const auto size = static_cast<int64_t>(data.data.size());
  const bool heavy = absl::c_linear_search(heavy_, data.stream_id);
  if (counts_) (heavy ? heavy_bytes_ : light_bytes_) += size;
  received_ += size;
  if (heavy || data.frame_bytes_left > 0) return;
  if (counts_) {
    ratio_ = std::min(kAll, static_cast<double>(heavy_bytes_) /
                                static_cast<double>(light_bytes_));
  }
  counts_ = counts_ || received_ >= options_.count_from;
}

}  // namespace sluice::servers
