// A client that asks for many low-priority bodies, and for an urgent one while
// they flow.
#ifndef SLUICE_BENCHMARKS_SERVERS_PROBER_H_
#define SLUICE_BENCHMARKS_SERVERS_PROBER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/link_client.h"
#include "benchmarks/servers/reaction_meter.h"

namespace sluice::servers {

// By which signals the client tells its priorities.
enum class Signals {
  // RFC 7540 §5.3: low bodies depend on an idle stream of weight 1; the urgent
  // one is an exclusive child of the root with weight 256.
  kRfc7540,
  // RFC 9218 §5: `priority: u=6, i` for low bodies, `priority: u=0` for the
  // urgent one, after SETTINGS_NO_RFC7540_PRIORITIES = 1.
  kRfc9218,
  // The two together without that setting, as browsers send them.
  kBoth,
  // As kRfc9218, but the urgent request has the field of a low one; a
  // PRIORITY_UPDATE frame (RFC 9218 §7.1) right behind it says u=0.
  kPriorityUpdate,
};

inline constexpr Signals kAllSignals[] = {Signals::kRfc7540, Signals::kRfc9218,
                                          Signals::kBoth,
                                          Signals::kPriorityUpdate};

// "7540", "9218", "both", "update".
absl::string_view SignalsName(Signals signals);
std::optional<Signals> SignalsNamed(absl::string_view name);

struct ProberOptions {
  Signals signals = Signals::kRfc9218;
  int low_requests = 30;
  std::string low_path = "/low";
  std::string urgent_path = "/urgent";
  std::string scheme = "http";
  std::string authority = "localhost";
  // The urgent request follows when this many bytes of low bodies are here.
  int64_t ask_after_bytes = 1000 * 1024;
  // The stream's window: the most bytes of each body; the urgent one counts as
  // ended shortly before. 0: no limit.
  uint32_t most_body_bytes = 0;
  // Gets each piece of DATA, if it is not null.
  std::function<void(const h2::DataReceived&, absl::Duration now)> on_data =
      nullptr;
};

// A window that never holds the server back.
inline constexpr uint32_t kGreedyWindow = 0x7fffffff;

// Of a client whose windows do not hold the server back. `rfc7540`: it may send
// priorities of RFC 7540, so it does not refuse them by a setting.
h2::ConnectionOptions GreedyClientOptions(
    bool rfc7540, uint32_t stream_window = kGreedyWindow);
absl::Status StartGreedily(h2::Connection* connection);

// Unavailable if the server resets a request, or answers with another status
// than 200.
absl::Status CheckAnswer(const h2::Event& event);

class Prober : public LinkClient {
 public:
  explicit Prober(ProberOptions options);

  // Asks for one low body. The others follow the server's SETTINGS, which some
  // servers send with their first answer. Where these allow fewer streams at
  // once, one is kept free for the urgent request.
  absl::Status Start() override;

  // Errors: the connection's; Unavailable if the server refuses or resets a
  // request, or if all low bodies ended before ask_after_bytes.
  absl::Status Receive(absl::string_view bytes, absl::Duration now) override;

  h2::Connection& connection() override { return connection_; }

  // The urgent body has ended, or is about to reach most_body_bytes.
  bool done() const override { return done_; }
  const Reaction& reaction() const { return meter_.reaction(); }

  // 0: the urgent request did not go out yet.
  h2::StreamId urgent_stream() const { return urgent_stream_; }

 private:
  absl::StatusOr<h2::StreamId> Get(const std::string& path, bool urgent);
  absl::Status OnSettings(const h2::RemoteSettingsChanged& settings);
  absl::Status AskForLowBodies();
  absl::Status AskUrgently(absl::Duration now);
  absl::Status OnEvent(const h2::Event& event, absl::Duration now);
  absl::Status OnData(const h2::DataReceived& data, absl::Duration now);

  const ProberOptions options_;
  h2::Connection connection_;
  ReactionMeter meter_;
  bool has_settings_ = false;
  size_t most_streams_ = 1;  // low ones at once
  int low_asked_ = 0;
  int64_t low_bytes_ = 0;
  int64_t urgent_bytes_ = 0;
  h2::StreamId urgent_stream_ = 0;  // 0: not asked for yet
  bool done_ = false;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_PROBER_H_
