// Where the benchmarks of servers leave their results.
#ifndef SLUICE_BENCHMARKS_SERVERS_OUTPUT_H_
#define SLUICE_BENCHMARKS_SERVERS_OUTPUT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/servers/runs.h"
#include "support/whole_file.h"

namespace sluice::servers {

// The files of --results, --json and --html. The constructor exits with 2 if
// one cannot be written.
class Output {
 public:
  explicit Output(absl::string_view program);

  // Keeps the runs until Finish(): --results, or a file in the user's cache.
  const std::string& log() const { return log_; }

  // Prints the table and the notes, and writes the other files. `about` has the
  // options; the program's name, date, kernel and load are added. Returns the
  // exit status: 0, or 1 if a file cannot be written.
  int Finish(Json about, const std::vector<std::string>& notes,
             const std::vector<Cell>& cells,
             const std::vector<Column>& columns);

 private:
  // Whether everything was written.
  bool Write(support::WholeFile* file, absl::string_view text) const;

  const std::string program_;
  std::string log_;
  std::unique_ptr<support::WholeFile> json_;  // null: not asked for
  std::unique_ptr<support::WholeFile> html_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_OUTPUT_H_
