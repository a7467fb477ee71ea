#include "benchmarks/lab/load/origin.h"

#include <sluice/h2/header_span.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace sluice::lab {
namespace {

// Smaller room waits for the next segment: the header of a frame of a few bytes
// would be larger than its data.
constexpr size_t kSmallestPull = 128;

// A body of the given length, with arbitrary bytes.
class Filler : public scheduler::DataSource {
 public:
  explicit Filler(uint64_t bytes) : left_(bytes) {}

  Chunk Read(size_t max_bytes) override {
    static const std::string* const block = new std::string(65536, 'x');
    Chunk chunk;
    const size_t size = static_cast<size_t>(
        std::min<uint64_t>({left_, max_bytes, block->size()}));
    chunk.data = absl::MakeCordFromExternal(
        absl::string_view(block->data(), size), [] {});
    left_ -= size;
    chunk.end = left_ == 0;
    return chunk;
  }

 private:
  uint64_t left_;
};

h2::ConnectionOptions ServerOptions(const scheduler::Policy& policy,
                                    uint32_t max_streams) {
  h2::ConnectionOptions options;
  options.settings = {{h2::SettingId::kMaxConcurrentStreams, max_streams}};
  if (policy.AnnouncesNoRfc7540Priorities()) {
    options.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
  }
  return options;
}

}  // namespace

Origin::Origin(const Page& page, std::unique_ptr<scheduler::Policy> policy,
               Transport& transport, uint32_t max_streams,
               std::function<void(h2::StreamId, size_t)> on_answer)
    : page_(page),
      transport_(transport),
      on_answer_(std::move(on_answer)),
      connection_(ServerOptions(*policy, max_streams)),
      scheduler_(&connection_, std::move(policy),
                 {.max_frame_size = kMaxGrant}) {
  for (size_t i = 0; i < page.resources.size(); ++i) {
    resource_by_path_[PathOf(page.resources[i])] = i;
  }
  scheduler_.SetObserver(
      [this](const scheduler::DataScheduler::Decision& decision) {
        if (decision.bytes == 0) return;
        picks_.push_back({resource_by_stream_[decision.stream_id],
                          decision.stream_id, decision.bytes,
                          transport_.Now()});
      });
  transport.SetHandlers(
      End::kServer, {.on_bytes = [this](absl::string_view b) { OnBytes(b); },
                     .on_writable = [this] { Flush(); }});
}

void Origin::Check(const absl::Status& status) {
  if (status_.ok() && !status.ok()) status_ = status;
}

void Origin::Start() {
  Check(connection_.InitiateConnection());
  Flush();
}

void Origin::OnBytes(absl::string_view bytes) {
  if (stopped_) return;
  events_.clear();
  Check(connection_.ReceiveData(bytes, &events_));
  for (const h2::Event& event : events_) {
    scheduler_.OnEvent(event);
    if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
      Answer(*request);
    } else if (const auto* tree = std::get_if<h2::PriorityUpdated>(&event)) {
      signals_.push_back({tree->stream_id, transport_.Now(), tree->priority,
                          tree->source == h2::SignalSource::kHeader});
    } else if (const auto* field =
                   std::get_if<h2::PriorityFieldUpdated>(&event)) {
      signals_.push_back({field->stream_id, transport_.Now(), field->priority,
                          field->source == h2::SignalSource::kHeader});
    } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
      Check(absl::InternalError(
          absl::StrCat("stream ", reset->stream_id, " was reset")));
    }
  }
  Flush();
}

void Origin::Answer(const h2::RequestReceived& request) {
  const absl::string_view path = request.headers.Find(":path").value_or("");
  const auto found = resource_by_path_.find(path);
  if (found == resource_by_path_.end()) {
    Check(absl::InternalError("a request for a resource the page lacks"));
    return;
  }
  const Resource& resource = page_.resources[found->second];
  resource_by_stream_[request.stream_id] = found->second;
  requests_.push_back({found->second, request.stream_id, transport_.Now()});
  if (on_answer_) on_answer_(request.stream_id, found->second);
  std::unique_ptr<scheduler::DataSource> body;
  if (resource.bytes > 0) body = std::make_unique<Filler>(resource.bytes);
  const std::vector<h2::Header> headers = {
      {":status", "200"}, {"content-length", absl::StrCat(resource.bytes)}};
  scheduler::SubmitOptions options;
  options.hints = resource.hints;
  Check(scheduler_.Submit(request.stream_id, headers, std::move(body),
                          std::move(options)));
}

void Origin::Flush() {
  while (!stopped_) {
    const size_t room = transport_.Room(End::kServer);
    if (connection_.OutputSize() == 0) {
      if (room < kFrameHeaderBytes + kSmallestPull) return;
      scheduler_.Pull(std::min(room - kFrameHeaderBytes, kMaxGrant));
    }
    if (connection_.OutputSize() == 0 || room == 0) return;
    transport_.Write(End::kServer, connection_.DataToSend(room));
  }
}

}  // namespace sluice::lab
