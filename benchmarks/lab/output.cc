#include "benchmarks/lab/output.h"

namespace sluice::lab {

absl::Status JsonOutput::Write(const Run& run, const PageLoad& /*load*/) {
  stream_ << JsonLine(run);
  return absl::OkStatus();
}

CsvOutput::CsvOutput(std::ostream& stream) : stream_(stream) {
  stream_ << CsvHeader();
}

absl::Status CsvOutput::Write(const Run& run, const PageLoad& /*load*/) {
  stream_ << CsvLine(run);
  return absl::OkStatus();
}

}  // namespace sluice::lab
