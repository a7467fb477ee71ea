// Finds bodies that are large enough for the experiments, and who the server
// is, on one connection.
#ifndef SLUICE_BENCHMARKS_PROBE_FINDER_H_
#define SLUICE_BENCHMARKS_PROBE_FINDER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/probe/url.h"

namespace sluice::probe {

// What a body needs: more than any stream gets in a run.
inline constexpr int64_t kLeastBody = 320 * 1024;
// Links of a page that are tried, and redirections that are followed.
inline constexpr int kMostLinks = 16;
inline constexpr int kMostRedirects = 3;
// The most bytes of bodies that the search takes: a page, and the last link if
// it does not say its length; the window of each other.
inline constexpr int64_t kFindWindow = 16384;
inline constexpr int64_t kMostFindBytes =
    2 * kLeastBody + (kMostLinks + kMostRedirects) * kFindWindow;

class Finder : public Client {
 public:
  // Without `high` it looks for one body at `low`, or among the links of the
  // page there; it serves as both. With `high` each must be large enough.
  explicit Finder(Url low, std::optional<Url> high = std::nullopt);

  h2::Connection& connection() override { return connection_; }
  // Errors: NotFound (no body is large enough), Unavailable (another status
  // than 200, a redirection elsewhere, no SETTINGS, no answer), the
  // connection's.
  absl::Status Start(absl::Duration now) override;
  absl::Status Receive(absl::string_view bytes, absl::Duration now) override;
  absl::Status OnTime(absl::Duration now) override;
  absl::Duration wake_at() const override { return wake_at_; }
  bool done() const override { return done_; }

  // When done.
  const Target& target() const { return target_; }

  // At any time.
  const std::map<h2::SettingId, uint32_t>& settings() const {
    return settings_;
  }
  const std::string& software() const { return software_; }
  const std::string& via() const { return via_; }

 private:
  // What is known of the response that is asked for.
  struct Answer {
    std::optional<int64_t> length;  // content-length
    bool html = false;
    int64_t received = 0;
    std::string page;  // the body, if it is html
  };

  absl::Status AskNext(absl::Duration now);
  absl::Status OnEvent(const h2::Event& event, absl::Duration now);
  absl::Status OnResponse(const h2::ResponseReceived& response,
                          absl::Duration now);
  absl::Status OnRedirect(absl::string_view location, absl::Duration now);
  absl::Status OnData(const h2::DataReceived& data, absl::Duration now);
  absl::Status OnEnd(absl::Duration now);
  // The body at queue_.front() is large enough.
  absl::Status Take(absl::Duration now);
  absl::Status Leave(absl::Duration now);  // it is not
  bool WantsLinks() const { return !high_ && !linked_ && answer_.html; }

  const Url low_;
  const std::optional<Url> high_;
  h2::Connection connection_;
  absl::Duration wake_at_ = absl::InfiniteDuration();
  bool has_settings_ = false;
  std::map<h2::SettingId, uint32_t> settings_;
  std::string software_;
  std::string via_;

  std::deque<Url> queue_;  // the front is asked for
  h2::StreamId stream_ = 0;
  Answer answer_;
  int redirects_ = 0;
  bool linked_ = false;  // the queue has the links of the page
  size_t links_ = 0;
  int64_t largest_ = 0;
  bool has_low_ = false;
  Target target_;
  bool done_ = false;
};

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_FINDER_H_
