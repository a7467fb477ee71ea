#include "benchmarks/servers/runs.h"

#include <poll.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/servers/spread.h"

namespace sluice::servers {
namespace {

double LoadAverage() {
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  return load;
}

bool EndsAll(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) ||
         absl::IsInvalidArgument(status) || absl::IsCancelled(status);
}

// "nginx tls 16 KB full 9218"
std::string Name(const Json& labels) {
  std::string name;
  for (const auto& [key, value] : labels.items()) {
    absl::StrAppend(
        &name, name.empty() ? "" : " ",
        value.is_string() ? value.get<std::string>() : value.dump());
  }
  return name;
}

void Count(const Json& line, Cell* cell) {
  if (line.contains("run")) {
    cell->runs.push_back(line["run"]);
  } else {
    cell->errors.push_back(line.value("error", ""));
  }
}

size_t Done(const Cell& cell) { return cell.runs.size() + cell.errors.size(); }

// Runs of a plan, on several threads.
class Runner {
 public:
  Runner(const Plan& plan, int interrupt,
         const std::function<absl::StatusOr<Json>(size_t)>& run,
         const std::function<void(const std::string&)>& progress)
      : plan_(plan), interrupt_(interrupt), run_(run), progress_(progress) {
    for (const Json& labels : plan.cells) cells_.push_back({labels});
  }

  // Counts the runs of a file. Error: Unavailable.
  absl::Status Open(const std::string& path);

  absl::Status RunAll();

  std::vector<Cell> TakeCells() { return std::move(cells_); }

 private:
  // The runs that are not done, in rounds.
  std::vector<size_t> Missing() const;
  void Work();
  void Keep(size_t index, absl::StatusOr<Json> figures);

  const Plan& plan_;
  const int interrupt_;
  const std::function<absl::StatusOr<Json>(size_t)>& run_;
  const std::function<void(const std::string&)>& progress_;

  std::mutex mutex_;  // for all below, while threads run
  std::vector<Cell> cells_;
  std::string path_;
  std::ofstream file_;
  std::vector<size_t> queue_;  // the next run is the last
  size_t total_ = 0;
  size_t done_ = 0;
  absl::Status status_;
};

absl::Status Runner::Open(const std::string& path) {
  std::ifstream before(path);
  std::string line;
  const Json head = {{"options", plan_.options}};
  bool goes_on = std::getline(before, line) && line == head.dump();
  while (goes_on && std::getline(before, line)) {
    const Json kept = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    // The last line may have been cut.
    if (kept.is_discarded() || !kept.contains("cell")) continue;
    for (Cell& cell : cells_) {
      if (cell.labels == kept["cell"]) Count(kept, &cell);
    }
  }
  path_ = path;
  file_.open(path, goes_on ? std::ios::app : std::ios::trunc);
  if (goes_on) file_ << "\n";
  if (!goes_on) file_ << head.dump() << "\n";
  file_ << std::flush;
  if (file_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path));
}

std::vector<size_t> Runner::Missing() const {
  std::vector<size_t> missing;
  for (size_t round = 0; round < static_cast<size_t>(plan_.repeat); ++round) {
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (round >= Done(cells_[i])) missing.push_back(i);
    }
  }
  return missing;
}

absl::Status Runner::RunAll() {
  queue_ = Missing();
  std::reverse(queue_.begin(), queue_.end());
  total_ = cells_.size() * static_cast<size_t>(plan_.repeat);
  done_ = total_ - std::min(total_, queue_.size());
  if (done_ > 0 && !queue_.empty()) {
    progress_(
        absl::StrCat("goes on: ", done_, " of ", total_, " runs are done"));
  }
  std::vector<std::thread> threads;
  for (int i = 1; i < plan_.parallel; ++i) {
    threads.emplace_back([this] { Work(); });
  }
  Work();
  for (std::thread& thread : threads) thread.join();
  return status_;
}

void Runner::Work() {
  while (true) {
    size_t index = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      pollfd wait = {interrupt_, POLLIN, 0};
      if (::poll(&wait, 1, 0) > 0) {
        status_ = absl::CancelledError("interrupted");
      }
      if (queue_.empty() || !status_.ok()) return;
      index = queue_.back();
      queue_.pop_back();
    }
    absl::StatusOr<Json> figures = run_(index);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (EndsAll(figures.status())) {
      if (status_.ok()) status_ = figures.status();
      return;
    }
    Keep(index, std::move(figures));
  }
}

void Runner::Keep(size_t index, absl::StatusOr<Json> figures) {
  Cell& cell = cells_[index];
  Json line = {{"cell", cell.labels}};
  std::string says;
  if (figures.ok()) {
    (*figures)["load"] = LoadAverage();
    (*figures)["when"] = absl::ToUnixSeconds(absl::Now());
    says = figures->value("says", "");
    figures->erase("says");
    line["run"] = *std::move(figures);
  } else {
    says = std::string(figures.status().message());
    line["error"] = says;
  }
  Count(line, &cell);
  file_ << line.dump() << std::endl;
  if (!file_ && status_.ok()) {
    status_ = absl::UnavailableError(absl::StrCat("cannot write ", path_));
  }
  progress_(absl::StrCat("[", ++done_, "/", total_, "] ", Name(cell.labels),
                         ": ", says));
}

// Of the figure `key`, in the runs that have it.
std::vector<double> Values(const Cell& cell, const std::string& key) {
  std::vector<double> values;
  for (const Json& run : cell.runs) {
    if (run.contains(key) && run[key].is_number()) {
      values.push_back(run[key].get<double>());
    }
  }
  return values;
}

std::string CellText(const Cell& cell, const Column& column) {
  if (column.digits < 0) {
    const Json& label = cell.labels[column.key];
    return label.is_string() ? label.get<std::string>() : label.dump();
  }
  std::vector<double> values = Values(cell, column.key);
  if (values.empty()) return "–";
  return SpreadText(SpreadOf(std::move(values)), column.digits);
}

}  // namespace

absl::StatusOr<std::vector<Cell>> RunAll(
    const Plan& plan, const std::string& path, int interrupt,
    const std::function<absl::StatusOr<Json>(size_t cell)>& run,
    const std::function<void(const std::string&)>& progress) {
  Runner runner(plan, interrupt, run, progress);
  absl::Status status = runner.Open(path);
  if (status.ok()) status = runner.RunAll();
  if (!status.ok()) return status;
  return runner.TakeCells();
}

std::string ResultTable(absl::Span<const Cell> cells,
                        absl::Span<const Column> columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (const Column& column : columns) rows[0].push_back(column.head);
  for (const Cell& cell : cells) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const Column& column : columns) {
      row.push_back(CellText(cell, column));
    }
    if (cell.runs.empty() && !cell.errors.empty()) {
      row.back() = cell.errors.back();
    }
  }
  std::vector<size_t> widths(columns.size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], CharactersOf(row[i]));
    }
  }
  std::string table;
  for (const auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      absl::StrAppend(&table, Padded(row[i], widths[i] + 2));
    }
    absl::StrAppend(&table, row.back(), "\n");
  }
  return table;
}

Json ResultJson(Json about, absl::Span<const Cell> cells) {
  Json array = Json::array();
  for (const Cell& cell : cells) {
    Json figures = Json::object();
    for (const Json& run : cell.runs) {
      for (const auto& [key, value] : run.items()) {
        if (value.is_number() && key != "when" && !figures.contains(key)) {
          figures[key] = SpreadOf(Values(cell, key));
        }
      }
    }
    array.push_back({{"labels", cell.labels},
                     {"figures", std::move(figures)},
                     {"runs", cell.runs},
                     {"errors", cell.errors}});
  }
  about["cells"] = std::move(array);
  return about;
}

}  // namespace sluice::servers
