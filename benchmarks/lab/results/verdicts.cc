#include "benchmarks/lab/results/verdicts.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/lab/measure/version.h"
#include "benchmarks/lab/results/lines.h"

namespace sluice::lab {

VerdictsOutput::VerdictsOutput(std::ostream& stream, Baseline baseline,
                               uint64_t seed)
    : stream_(stream),
      baseline_(std::move(baseline)),
      seed_(seed),
      samples_(baseline_.compared) {
  stream_ << "version,compared,baseline,policy,signals,edit,late_signals,"
             "network,send_buffer_bytes,max_streams,metric,variant,pages,"
             "lower_quartile,median,upper_quartile,interval_low,interval_high,"
             "verdict,may_equal_best\n";
}

absl::Status VerdictsOutput::Write(const Run& run, const PageLoad& /*load*/) {
  return samples_.Add(run).status();
}

absl::Status VerdictsOutput::Finish() {
  const std::string before =
      absl::StrCat(kLabVersion, ",", ComparedName(baseline_.compared), ",",
                   CsvText(baseline_.name), ",");
  for (size_t i = 0; i < samples_.settings().size(); ++i) {
    const Setting& setting = samples_.settings()[i];
    const std::string in_setting =
        absl::StrCat(before, CsvText(setting.policy), ",", setting.signals, ",",
                     setting.edit, ",", setting.late_signals ? 1 : 0, ",",
                     CsvText(setting.network), ",", setting.send_buffer_bytes,
                     ",", setting.max_streams, ",");
    for (size_t metric = 0; metric < kAllTimeMetrics; ++metric) {
      const absl::StatusOr<std::vector<Standing>> standings =
          samples_.Standings(i, baseline_.name, metric, seed_);
      if (!standings.ok()) return standings.status();
      for (const Standing& standing : *standings) {
        const std::string& variant = samples_.policies()[standing.policy];
        const Spread& spread = standing.spread;
        if (variant == baseline_.name || spread.count == 0) continue;
        stream_ << in_setting << TimeMetricName(metric) << ","
                << CsvText(variant) << "," << spread.count
                << absl::StrFormat(",%.6f,%.6f,%.6f,%.6f,%.6f,",
                                   spread.lower_quartile, spread.median,
                                   spread.upper_quartile, spread.interval_low,
                                   spread.interval_high)
                << VerdictOf(spread) << "," << (standing.may_equal_best ? 1 : 0)
                << "\n";
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
