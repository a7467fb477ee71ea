#include "benchmarks/micro/idle_memory.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>

#include <malloc.h>
#include <nghttp2/nghttp2.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::benchmarks {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

// The bytes of a client: its preface and SETTINGS, the acknowledgement of the
// server's, and `requests` requests.
std::string ClientBytes(size_t requests) {
  h2::ConnectionOptions options;
  options.side = h2::Side::kClient;
  h2::Connection client(options);
  Require(client.InitiateConnection().ok());
  std::vector<h2::Event> events;
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
  Require(client.ReceiveData(settings, &events).ok());
  for (size_t i = 0; i < requests; ++i) {
    h2::SendHeadersOptions end;
    end.end_stream = true;
    const h2::StreamId id = *client.GetNextAvailableStreamId();
    Require(client
                .SendHeaders(id,
                             {{":method", "GET"},
                              {":scheme", "https"},
                              {":authority", "example.com"},
                              {":path", "/resource/" + std::to_string(i)},
                              {"user-agent", "a browser of some kind"},
                              {"accept-encoding", "gzip, deflate, br"}},
                             end)
                .ok());
  }
  return client.DataToSend();
}

class SluiceServer {
 public:
  // `policy` empty: none, and no DataScheduler.
  SluiceServer(absl::string_view bytes, const std::string& policy)
      : connection_(h2::ConnectionOptions()) {
    if (!policy.empty()) {
      scheduler_.emplace(&connection_, *scheduler::CreatePolicy(policy));
    }
    Require(connection_.InitiateConnection().ok());
    // In pieces, as a socket brings them: each request is answered by itself.
    while (!bytes.empty()) {
      const absl::string_view piece = bytes.substr(0, kPiece);
      bytes.remove_prefix(piece.size());
      std::vector<h2::Event> events;
      Require(connection_.ReceiveData(piece, &events).ok());
      for (const h2::Event& event : events) {
        if (scheduler_.has_value()) scheduler_->OnEvent(event);
        if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
          Require(Answer(request->stream_id).ok());
        }
      }
      connection_.ClearOutput();
    }
  }

 private:
  static constexpr size_t kPiece = 64;

  absl::Status Answer(h2::StreamId id) {
    const std::vector<h2::Header> headers = {{":status", "200"},
                                             {"content-type", "text/plain"}};
    return scheduler_.has_value()
               ? scheduler_->Submit(id, headers, nullptr)
               : connection_.SendHeaders(id, headers, {.end_stream = true});
  }

  h2::Connection connection_;
  std::optional<scheduler::DataScheduler> scheduler_;
};

class Nghttp2Server {
 public:
  explicit Nghttp2Server(absl::string_view bytes) {
    nghttp2_session_callbacks* callbacks = nullptr;
    Require(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                         &OnFrameReceived);
    Require(nghttp2_session_server_new(&session_, callbacks, nullptr) == 0);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};
    Require(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1) ==
            0);
    while (!bytes.empty()) {
      const absl::string_view piece = bytes.substr(0, 64);
      bytes.remove_prefix(piece.size());
      Require(nghttp2_session_mem_recv(
                  session_, reinterpret_cast<const uint8_t*>(piece.data()),
                  piece.size()) == static_cast<ssize_t>(piece.size()));
      Drain();
    }
    Drain();
  }
  Nghttp2Server(const Nghttp2Server&) = delete;
  Nghttp2Server& operator=(const Nghttp2Server&) = delete;
  ~Nghttp2Server() { nghttp2_session_del(session_); }

 private:
  void Drain() {
    const uint8_t* out = nullptr;
    while (nghttp2_session_mem_send(session_, &out) > 0) {
    }
  }

  static int OnFrameReceived(nghttp2_session* session,
                             const nghttp2_frame* frame, void* /*user*/) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    const auto field = [](absl::string_view name, absl::string_view value) {
      const auto bytes = [](absl::string_view text) {
        return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
      };
      return nghttp2_nv{bytes(name), bytes(value), name.size(), value.size(),
                        NGHTTP2_NV_FLAG_NONE};
    };
    const nghttp2_nv headers[] = {field(":status", "200"),
                                  field("content-type", "text/plain")};
    return nghttp2_submit_response(session, frame->hd.stream_id, headers, 2,
                                   nullptr);
  }

  nghttp2_session* session_ = nullptr;
};

size_t ResidentBytes() {
  size_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

template <typename Make>
IdleBytes Measure(size_t connections, Make make) {
  std::vector<decltype(make())> servers(connections);
  const IdleBytes before = {mallinfo2().uordblks, ResidentBytes()};
  for (auto& server : servers) server = make();
  const IdleBytes after = {mallinfo2().uordblks, ResidentBytes()};
  return {(after.heap - before.heap) / connections,
          (after.resident - before.resident) / connections};
}

}  // namespace

IdleBytes IdleConnectionBytes(const std::string& system, size_t connections,
                              size_t requests) {
  const std::string bytes = ClientBytes(requests);
  if (system == "nghttp2") {
    return Measure(connections,
                   [&] { return std::make_unique<Nghttp2Server>(bytes); });
  }
  const std::string policy = system == "core" ? "" : system;
  return Measure(connections,
                 [&] { return std::make_unique<SluiceServer>(bytes, policy); });
}

}  // namespace sluice::benchmarks
