// server_driven: css and js before everything else, as long as the client says
// no dependencies; else the client's RFC 7540 tree as it is.
//
// What h2o does for browsers that gave weights only ("blocking assets" go to
// the top): without dependencies the client knows nothing better, and a page
// that is not styled shows nothing. The css and js share by the client's
// weights, and so do the others after them. The first dependency on a stream,
// or exclusive one, that the client names ends it for the connection.
//
// What is css or js comes from the hints alone; a later hint moves the stream
// up at once. The application's own priority is obeyed in both modes as in
// rfc7540; RFC 9218 signals are not read.
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/option_reader.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/stream_info.h"

namespace sluice::scheduler {
namespace {

// Two trees hold every stream; it is ready in one of them at most.
class ServerDriven final : public Policy {
 public:
  ServerDriven(std::unique_ptr<Policy> blocking, std::unique_ptr<Policy> client)
      : blocking_(std::move(blocking)), client_(std::move(client)) {}

  absl::Status OnOpen(StreamId id, const StreamInfo& info) override {
    absl::Status status = client_->OnOpen(id, info);
    if (!status.ok()) return status;
    status = blocking_->OnOpen(id, info);
    if (!status.ok()) {
      client_->OnClose(id);
      return status;
    }
    streams_[id] = {.first = Blocks(info)};
    Watch(info);
    return absl::OkStatus();
  }

  absl::Status OnPriority(StreamId id, const StreamInfo& info,
                          Signal changed) override {
    absl::Status status = client_->OnPriority(id, info, changed);
    if (!status.ok()) return status;
    const auto stream = streams_.find(id);
    if (stream != streams_.end()) {
      status = blocking_->OnPriority(id, info, changed);
      const bool first = Blocks(info);
      if (first != stream->second.first) Move(id, stream->second, first);
    }
    Watch(info);
    return status;
  }

  void OnClose(StreamId id) override {
    streams_.erase(id);
    blocking_->OnClose(id);
    client_->OnClose(id);
  }

  void SetReady(StreamId id) override {
    const auto stream = streams_.find(id);
    if (stream == streams_.end()) return;
    stream->second.ready = true;
    TreeOf(stream->second).SetReady(id);
  }

  void SetBlocked(StreamId id) override {
    const auto stream = streams_.find(id);
    if (stream == streams_.end()) return;
    stream->second.ready = false;
    TreeOf(stream->second).SetBlocked(id);
  }

  std::optional<Grant> Pick() override {
    picked_ = blocking_.get();
    std::optional<Grant> grant = blocking_->Pick();
    if (grant.has_value()) {
      grant->reason = {"css, js first: the client gave no dependencies"};
      return grant;
    }
    picked_ = client_.get();
    return client_->Pick();
  }

  void Charge(StreamId id, size_t bytes) override {
    picked_->Charge(id, bytes);
  }

  std::vector<PathLevel> Explain(StreamId id) const override {
    return streams_.contains(id) ? TreeOf(streams_.at(id)).Explain(id)
                                 : std::vector<PathLevel>();
  }

 private:
  struct Stream {
    bool ready = false;
    bool first = false;
  };

  static bool Blocks(const StreamInfo& info) {
    return info.hints.resource_class == ResourceClass::kCss ||
           info.hints.resource_class == ResourceClass::kJs;
  }

  Policy& TreeOf(const Stream& stream) const {
    return stream.first && !dependencies_ ? *blocking_ : *client_;
  }

  void Move(StreamId id, Stream& stream, bool first) {
    if (stream.ready) TreeOf(stream).SetBlocked(id);
    stream.first = first;
    if (stream.ready) TreeOf(stream).SetReady(id);
  }

  // From the first dependency on, only the client's tree counts.
  void Watch(const StreamInfo& info) {
    if (dependencies_ || !info.rfc7540.has_value()) return;
    if (info.rfc7540->depends_on == 0 && !info.rfc7540->exclusive) return;
    for (auto& [id, stream] : streams_) {
      if (stream.first && stream.ready) blocking_->SetBlocked(id);
    }
    dependencies_ = true;
    for (auto& [id, stream] : streams_) {
      if (stream.first && stream.ready) client_->SetReady(id);
    }
  }

  const std::unique_ptr<Policy> blocking_;  // css and js, while they go first
  const std::unique_ptr<Policy> client_;
  Policy* picked_ = nullptr;
  bool dependencies_ = false;
  absl::btree_map<StreamId, Stream> streams_;  // open
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  if (absl::Status status = OptionReader(options).Finish(); !status.ok()) {
    return status;
  }
  absl::StatusOr<std::unique_ptr<Policy>> blocking =
      CreatePolicy("rfc7540", options);
  if (!blocking.ok()) return blocking.status();
  absl::StatusOr<std::unique_ptr<Policy>> client =
      CreatePolicy("rfc7540", options);
  if (!client.ok()) return client.status();
  return std::make_unique<ServerDriven>(*std::move(blocking),
                                        *std::move(client));
}

SLUICE_REGISTER_POLICY(server_driven,
                       "css and js first unless the client gave dependencies",
                       Make);

}  // namespace
}  // namespace sluice::scheduler
