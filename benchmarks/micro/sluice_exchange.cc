#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>

#include <sys/uio.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/micro/exchange.h"
#include "benchmarks/micro/messages.h"

namespace sluice::benchmarks {
namespace {

void Check(const absl::Status& status) {
  if (!status.ok()) std::abort();
}

// Header or HeaderView.
template <class Header>
std::vector<Header> HeadersOf(const Fields& fields) {
  std::vector<Header> headers;
  for (const auto& [name, value] : fields) headers.push_back({name, value});
  return headers;
}

constexpr uint32_t kWindow = 0x7fffffff;  // as good as endless

// A body that is in memory already: its bytes are shared, not copied.
class Body : public scheduler::DataSource {
 public:
  explicit Body(const h2::SharedBytes& bytes) : rest_(bytes) {}
  Chunk Read(size_t max_bytes) override {
    Chunk chunk;
    chunk.shared = {rest_.bytes.substr(0, max_bytes), rest_.owner};
    rest_.bytes.remove_prefix(chunk.shared.bytes.size());
    chunk.end = rest_.bytes.empty();
    return chunk;
  }

  // As an application with many requests does, it uses the memory of bodies
  // that are finished again.
  static void* operator new(size_t size) {
    if (spare_ == nullptr) return ::operator new(size);
    return std::exchange(spare_, *static_cast<void**>(spare_));
  }
  static void operator delete(void* memory) {
    *static_cast<void**>(memory) = std::exchange(spare_, memory);
  }

 private:
  static inline void* spare_ = nullptr;  // each begins with the next one

  h2::SharedBytes rest_;
};

h2::SharedBytes BodyOf(size_t bytes) {
  const auto text = std::make_shared<const std::string>(bytes, 'x');
  return {*text, text};
}

// Both ends: bodies go through a DataScheduler.
template <class Face>
class SluiceEnd : public Face {
 public:
  explicit SluiceEnd(h2::Side side)
      : connection_(
            {.side = side,
             .settings = {{h2::SettingId::kInitialWindowSize, kWindow},
                          {h2::SettingId::kMaxConcurrentStreams, 10000}},
             // The sink takes all it is offered, as a fast link does: frames go
             // to it a few at a time. A storm is measured, not refused.
             .limits = {.output_high_water_mark = 16 * 16384,
                        .budgets = {.priority = {0xffffffff, 0, 0}}}}),
        scheduler_(&connection_, *scheduler::CreatePolicy("rfc7540"),
                   {.max_streams = 20000}) {
    Check(connection_.InitiateConnection());
    Check(connection_.IncrementFlowControlWindow(0, kWindow - 65535));
  }

  void Receive(std::string_view bytes) override {
    events_.clear();
    Check(connection_.ReceiveData({bytes.data(), bytes.size()}, &events_));
    for (const h2::Event& event : events_) {
      scheduler_.OnEvent(event);
      const auto* const end = std::get_if<h2::StreamEnded>(&event);
      if (end != nullptr) OnEnd(end->stream_id);
    }
  }

  void Write(const Sink& sink) override {
    do {
      scheduler_.Pull(h2::Connection::kAll);
      std::array<iovec, 64> pieces;
      const size_t count = connection_.PeekOutput(absl::MakeSpan(pieces));
      size_t written = 0;
      for (size_t i = 0; i < count; ++i) {
        sink({static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len});
        written += pieces[i].iov_len;
      }
      Check(connection_.ConsumeOutput(written));
    } while (connection_.OutputSize() > 0 || scheduler_.HasReady());
  }

 protected:
  // The peer's message on the stream is complete.
  virtual void OnEnd(h2::StreamId id) = 0;

  void Submit(h2::StreamId id, h2::HeaderSpan headers,
              const h2::SharedBytes& body,
              const std::vector<h2::Header>& trailers = {}) {
    Check(scheduler_.Submit(
        id, headers,
        body.bytes.empty() ? nullptr : std::make_unique<Body>(body),
        {.trailers = trailers}));
  }

  h2::StreamId NextStream() const {
    return *connection_.GetNextAvailableStreamId();
  }

 private:
  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;
  std::vector<h2::Event> events_;
};

class SluiceClient final : public SluiceEnd<ClientEnd> {
 public:
  explicit SluiceClient(const Exchange& exchange)
      : SluiceEnd(h2::Side::kClient),
        requests_(exchange.request, HeadersOf<h2::HeaderView>),
        body_(BodyOf(exchange.request_bytes)) {}
  void Request() override {
    Submit(NextStream(), requests_.Get(number_++, body_.bytes.size()), body_);
  }
  uint64_t done() const override { return done_; }

 protected:
  void OnEnd(h2::StreamId) override { ++done_; }

 private:
  Messages<h2::HeaderView> requests_;
  const h2::SharedBytes body_;
  uint64_t number_ = 0;
  uint64_t done_ = 0;
};

class SluiceServer final : public SluiceEnd<End> {
 public:
  explicit SluiceServer(const Exchange& exchange)
      : SluiceEnd(h2::Side::kServer),
        responses_(exchange.response, HeadersOf<h2::HeaderView>),
        bytes_(exchange.response_bytes),
        lengths_(exchange.response_lengths),
        body_(BodyOf(bytes_ + lengths_ - 1)),
        trailers_(HeadersOf<h2::Header>(exchange.trailers)),
        unanswered_(exchange.unanswered) {}

 protected:
  void OnEnd(h2::StreamId id) override {
    if (unanswered_ > 0) {
      --unanswered_;
      return;
    }
    const size_t length = bytes_ + number_ % lengths_;
    Submit(id, responses_.Get(number_, length),
           {body_.bytes.substr(0, length), body_.owner}, trailers_);
    ++number_;
  }

 private:
  Messages<h2::HeaderView> responses_;
  const size_t bytes_;
  const size_t lengths_;
  const h2::SharedBytes body_;
  const std::vector<h2::Header> trailers_;
  uint64_t unanswered_;
  uint64_t number_ = 0;
};

}  // namespace

std::unique_ptr<ClientEnd> MakeSluiceClient(const Exchange& exchange) {
  return std::make_unique<SluiceClient>(exchange);
}

std::unique_ptr<End> MakeSluiceServer(const Exchange& exchange) {
  return std::make_unique<SluiceServer>(exchange);
}

}  // namespace sluice::benchmarks
