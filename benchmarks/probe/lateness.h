// How much a server commits to the network before it must: bodies of low
// priority flow through wide windows to a client that reads slowly; then an
// urgent request comes, and everything of theirs that still arrives before it
// was committed.
#ifndef SLUICE_BENCHMARKS_PROBE_LATENESS_H_
#define SLUICE_BENCHMARKS_PROBE_LATENESS_H_

#include <sluice/h2/connection.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/servers/prober.h"

namespace sluice::probe {

// The most low requests, and the bytes of all their bodies together: the
// streams' windows end them, so that the figure has a bound.
inline constexpr size_t kLowRequests = 30;
inline constexpr int64_t kAllLow = 1536 * 1024;
inline constexpr int64_t kMostLatenessBytes = 2 * kAllLow;

class LatenessRun : public Client {
 public:
  // `streams`: the most that may be open at once, at least 2.
  LatenessRun(const Target& target, size_t streams);

  h2::Connection& connection() override { return prober_.connection(); }
  absl::Status Start(absl::Duration now) override;
  absl::Status Receive(absl::string_view bytes, absl::Duration now) override;
  absl::Status OnTime(absl::Duration now) override;
  absl::Duration wake_at() const override { return wake_at_; }
  bool done() const override { return prober_.done(); }
  // 1.6 MB a second.
  size_t slow_read_bytes() const override { return 16384; }

  // When done. committed_kb, committed_ms: from the urgent request to its first
  // byte. between_kb: of others, from there to its last byte. urgent_kb: its
  // size. flowed_kb: all of others that could have come.
  Figures figures() const;
  const Strip& strip() const { return strip_; }

 private:
  const size_t lows_;
  Strip strip_;
  servers::Prober prober_;
  absl::Duration wake_at_ = absl::InfiniteDuration();
};

Verdict LatenessVerdict(absl::Span<const Figures> repeats);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_LATENESS_H_
