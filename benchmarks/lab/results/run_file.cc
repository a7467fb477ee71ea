#include "benchmarks/lab/results/run_file.h"

#include <sluice/h2/events.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/measure/metrics.h"
#include "benchmarks/lab/measure/version.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {
namespace {

// Limits of the reader, far above any run.
constexpr size_t kMaxResources = size_t{1} << 20;
constexpr size_t kMaxEvents = size_t{1} << 26;
constexpr size_t kMaxRunBytes = size_t{1} << 30;
constexpr size_t kMaxTime = size_t{1} << 62;  // differences stay in 64 bits

constexpr absl::string_view kMagic = "sluice-runs/3 ";

// Bits of a resource's flags.
constexpr int64_t kRedirect = 1;
constexpr int64_t kRenderCritical = 2;
constexpr int64_t kAboveTheFold = 4;
constexpr int64_t kLcpCandidate = 8;

// Kinds of signals.
constexpr int64_t kExclusive = 1;
constexpr int64_t kRfc9218 = 2;
constexpr int64_t kIncremental = 1;

// A column of exactly `count` values.
std::vector<int64_t> ReadColumn(ByteReader& reader, size_t count) {
  std::vector<int64_t> values = reader.Column(count);
  if (values.size() != count) {
    reader.Fail();
    values.assign(count, 0);
  }
  return values;
}

// Undoes gaps, in 64 bits that wrap around: the file may hold anything.
std::vector<int64_t> SumUp(std::vector<int64_t> gaps) {
  uint64_t sum = 0;
  for (int64_t& value : gaps) {
    sum += static_cast<uint64_t>(value);
    value = static_cast<int64_t>(sum);
  }
  return gaps;
}

// Fails unless every value is from 0 to below `end`.
void CheckBelow(const std::vector<int64_t>& values, size_t end,
                ByteReader& reader) {
  for (const int64_t value : values) {
    if (value < 0 || static_cast<uint64_t>(value) >= end) reader.Fail();
  }
}

// A column of `count` times, from gaps.
std::vector<int64_t> ReadTimes(ByteReader& reader, size_t count) {
  std::vector<int64_t> times = SumUp(ReadColumn(reader, count));
  CheckBelow(times, kMaxTime, reader);
  return times;
}

void AppendPage(const Page& page, ByteWriter& writer) {
  const std::vector<Resource>& resources = page.resources;
  writer.Text(page.name);
  writer.Text(page.sha256);
  AppendGaps(
      resources, [](const Resource& r) { return r.id; }, writer);
  for (const Resource& resource : resources) {
    writer.Text(resource.label);
    writer.Text(resource.role);
    writer.Text(resource.url);
  }
  AppendColumn(
      resources, [](const Resource& r) { return r.type; }, writer);
  AppendColumn(
      resources, [](const Resource& r) { return r.bytes; }, writer);
  AppendColumn(
      resources,
      [](const Resource& r) {
        return (r.redirect ? kRedirect : 0) |
               (r.render_critical ? kRenderCritical : 0) |
               (r.above_the_fold ? kAboveTheFold : 0) |
               (r.lcp_candidate ? kLcpCandidate : 0);
      },
      writer);
  AppendColumn(
      resources, [](const Resource& r) { return r.level; }, writer);
  AppendColumn(
      resources, [](const Resource& r) { return r.FinalLevel(); }, writer);
  // 0: none; else one more than the index.
  AppendColumn(
      resources,
      [](const Resource& r) { return r.initiator ? *r.initiator + 1 : 0; },
      writer);
}

Page ReadPage(ByteReader& reader) {
  Page page;
  page.name = reader.Text();
  page.sha256 = reader.Text();
  const std::vector<int64_t> ids = SumUp(reader.Column(kMaxResources));
  const size_t count = ids.size();
  page.resources.resize(count);
  for (Resource& resource : page.resources) {
    resource.label = reader.Text();
    resource.role = reader.Text();
    resource.url = reader.Text();
  }
  const std::vector<int64_t> types = ReadColumn(reader, count);
  const std::vector<int64_t> bytes = ReadColumn(reader, count);
  const std::vector<int64_t> flags = ReadColumn(reader, count);
  const std::vector<int64_t> levels = ReadColumn(reader, count);
  const std::vector<int64_t> final_levels = ReadColumn(reader, count);
  const std::vector<int64_t> initiators = ReadColumn(reader, count);
  CheckBelow(types, kResourceTypes, reader);
  CheckBelow(levels, kChromeLevels, reader);
  CheckBelow(final_levels, kChromeLevels, reader);
  CheckBelow(initiators, count + 1, reader);
  for (size_t i = 0; i < count; ++i) {
    Resource& resource = page.resources[i];
    resource.id = ids[i];
    resource.type = static_cast<ResourceType>(types[i]);
    resource.bytes = static_cast<uint64_t>(bytes[i]);
    resource.redirect = (flags[i] & kRedirect) != 0;
    resource.render_critical = (flags[i] & kRenderCritical) != 0;
    resource.above_the_fold = (flags[i] & kAboveTheFold) != 0;
    resource.lcp_candidate = (flags[i] & kLcpCandidate) != 0;
    resource.level = static_cast<ChromeLevel>(levels[i]);
    if (final_levels[i] != levels[i]) {
      resource.change_of_mind =
          ChangeOfMind{.level = static_cast<ChromeLevel>(final_levels[i])};
    }
    if (initiators[i] > 0) {
      resource.initiator = static_cast<size_t>(initiators[i] - 1);
    }
  }
  return page;
}

int64_t KindOf(const ReceivedSignal& signal) {
  if (const auto* tree =
          std::get_if<signals::Rfc7540Priority>(&signal.signal)) {
    return tree->exclusive ? kExclusive : 0;
  }
  return kRfc9218 |
         (std::get<signals::Rfc9218Priority>(signal.signal).incremental
              ? kIncremental
              : 0);
}

int64_t DependencyOf(const ReceivedSignal& signal) {
  const auto* tree = std::get_if<signals::Rfc7540Priority>(&signal.signal);
  return tree != nullptr ? tree->depends_on : 0;
}

int64_t WeightOrUrgency(const ReceivedSignal& signal) {
  const auto* tree = std::get_if<signals::Rfc7540Priority>(&signal.signal);
  return tree != nullptr
             ? tree->weight
             : std::get<signals::Rfc9218Priority>(signal.signal).urgency;
}

std::variant<signals::Rfc7540Priority, signals::Rfc9218Priority> SignalOf(
    int64_t kind, int64_t dependency, int64_t value) {
  if ((kind & kRfc9218) != 0) {
    return signals::Rfc9218Priority{.urgency = static_cast<int>(value),
                                    .incremental = (kind & kIncremental) != 0};
  }
  return signals::Rfc7540Priority{
      .depends_on = static_cast<h2::StreamId>(dependency),
      .weight = static_cast<int>(value),
      .exclusive = (kind & kExclusive) != 0};
}

bool SamePieces(const PageLoad& load) {
  if (load.arrivals.size() != load.picks.size()) return false;
  for (size_t i = 0; i < load.picks.size(); ++i) {
    if (load.arrivals[i].resource != load.picks[i].resource ||
        load.arrivals[i].bytes != load.picks[i].bytes) {
      return false;
    }
  }
  return true;
}

}  // namespace

void AppendTimeline(const PageLoad& load, ByteWriter& writer) {
  constexpr auto at = [](const auto& item) { return item.at_ns; };
  constexpr auto resource = [](const auto& item) { return item.resource; };
  constexpr auto bytes = [](const auto& item) { return item.bytes; };

  using Timing = ResourceTiming;
  AppendColumn(
      load.timings, [](const Timing& t) { return t.stream_id; }, writer);
  AppendGaps(
      load.timings, [](const Timing& t) { return t.requested_ns; }, writer);
  AppendColumn(
      load.timings,
      [](const Timing& t) { return t.completed_ns - t.requested_ns; }, writer);

  AppendColumn(load.requests, resource, writer);
  AppendGaps(load.requests, at, writer);

  AppendColumn(load.picks, resource, writer);
  AppendColumn(load.picks, bytes, writer);
  AppendGaps(load.picks, at, writer);

  const bool same = SamePieces(load);
  writer.Unsigned(same ? 1 : 0);
  if (!same) {
    AppendColumn(load.arrivals, resource, writer);
    AppendColumn(load.arrivals, bytes, writer);
  }
  AppendGaps(load.arrivals, at, writer);

  AppendGaps(
      load.signals, [](const ReceivedSignal& s) { return s.stream_id; },
      writer);
  AppendGaps(load.signals, at, writer);
  AppendColumn(load.signals, KindOf, writer);
  AppendColumn(load.signals, DependencyOf, writer);
  AppendColumn(load.signals, WeightOrUrgency, writer);
  AppendColumn(
      load.signals,
      [](const ReceivedSignal& s) { return s.with_request ? 1 : 0; }, writer);
}

void ReadTimeline(ByteReader& reader, size_t resources, PageLoad* load) {
  const std::vector<int64_t> streams = ReadColumn(reader, resources);
  const std::vector<int64_t> requested = ReadTimes(reader, resources);
  const std::vector<int64_t> taken = ReadColumn(reader, resources);
  load->timings.clear();
  for (size_t i = 0; i < resources; ++i) {
    const int64_t completed = SumUp({requested[i], taken[i]}).back();
    CheckBelow({completed}, kMaxTime, reader);
    load->timings.push_back(
        {static_cast<h2::StreamId>(streams[i]), requested[i], completed});
  }
  auto stream_of = [&streams](int64_t resource) {
    return static_cast<h2::StreamId>(streams[static_cast<size_t>(resource)]);
  };

  std::vector<int64_t> of = reader.Column(kMaxEvents);
  std::vector<int64_t> at = ReadTimes(reader, of.size());
  CheckBelow(of, resources, reader);
  load->requests.clear();
  for (size_t i = 0; reader.ok() && i < of.size(); ++i) {
    load->requests.push_back(
        {static_cast<size_t>(of[i]), stream_of(of[i]), at[i]});
  }

  of = reader.Column(kMaxEvents);
  std::vector<int64_t> bytes = ReadColumn(reader, of.size());
  at = ReadTimes(reader, of.size());
  CheckBelow(of, resources, reader);
  load->picks.clear();
  for (size_t i = 0; reader.ok() && i < of.size(); ++i) {
    load->picks.push_back({static_cast<size_t>(of[i]), stream_of(of[i]),
                           static_cast<size_t>(bytes[i]), at[i]});
  }

  if (reader.Unsigned() == 0) {
    of = reader.Column(kMaxEvents);
    bytes = ReadColumn(reader, of.size());
    CheckBelow(of, resources, reader);
  }
  at = ReadTimes(reader, of.size());
  load->arrivals.clear();
  for (size_t i = 0; reader.ok() && i < of.size(); ++i) {
    load->arrivals.push_back(
        {static_cast<size_t>(of[i]), static_cast<size_t>(bytes[i]), at[i]});
  }

  const std::vector<int64_t> ids = SumUp(reader.Column(kMaxEvents));
  at = ReadTimes(reader, ids.size());
  const std::vector<int64_t> kinds = ReadColumn(reader, ids.size());
  const std::vector<int64_t> dependencies = ReadColumn(reader, ids.size());
  const std::vector<int64_t> values = ReadColumn(reader, ids.size());
  const std::vector<int64_t> with_request = ReadColumn(reader, ids.size());
  load->signals.clear();
  for (size_t i = 0; reader.ok() && i < ids.size(); ++i) {
    load->signals.push_back({static_cast<h2::StreamId>(ids[i]), at[i],
                             SignalOf(kinds[i], dependencies[i], values[i]),
                             with_request[i] != 0});
  }
}

RunFileOutput::RunFileOutput(std::ostream& stream) : stream_(stream) {
  stream_ << kMagic << kLabVersion << "\n";
}

absl::Status RunFileOutput::Write(const Run& run, const PageLoad& load) {
  ByteWriter writer;
  AppendPage(*run.page, writer);
  writer.Text(run.policy);
  writer.Text(run.setting.signals);
  writer.Text(run.setting.edit);
  writer.Text(run.setting.edit_sha256);
  writer.Text(run.setting.network);
  writer.Unsigned(run.setting.late_signals ? 1 : 0);
  writer.Unsigned(run.setting.send_buffer_bytes);
  writer.Unsigned(run.setting.max_streams);
  writer.Unsigned(run.seed);
  AppendTimeline(load, writer);
  const std::string deflated = Deflate(writer.bytes());
  ByteWriter size;
  size.Unsigned(deflated.size());
  stream_ << size.bytes() << deflated;
  return absl::OkStatus();
}

absl::Status ReadRuns(
    absl::string_view bytes, absl::string_view file,
    const std::function<absl::Status(const Run&, const PageLoad&)>& sink) {
  auto bad = [file](absl::string_view problem) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", problem));
  };
  const size_t end_of_line = bytes.find('\n');
  absl::string_view version = bytes.substr(0, end_of_line);
  if (end_of_line == absl::string_view::npos ||
      !absl::ConsumePrefix(&version, kMagic)) {
    return bad(
        "is not a file of runs: its first line is not \"sluice-runs/3 "
        "VERSION\"");
  }
  if (version != kLabVersion) {
    return bad(absl::StrCat("comes from version ", version,
                            " of the lab; this is ", kLabVersion));
  }
  bytes.remove_prefix(end_of_line + 1);
  for (size_t number = 1; !bytes.empty(); ++number) {
    ByteReader outer(bytes);
    const std::string deflated = outer.Text();
    if (!outer.ok()) return bad(absl::StrCat("is cut off in run ", number));
    bytes = outer.rest();
    const absl::StatusOr<std::string> inflated =
        Inflate(deflated, kMaxRunBytes);
    if (!inflated.ok()) return bad(absl::StrCat("run ", number, " is damaged"));

    ByteReader reader(*inflated);
    const Page page = ReadPage(reader);
    Run run;
    run.page = &page;
    run.policy = reader.Text();
    run.setting.signals = reader.Text();
    run.setting.edit = reader.Text();
    run.setting.edit_sha256 = reader.Text();
    run.setting.network = reader.Text();
    run.setting.late_signals = reader.Unsigned() != 0;
    run.setting.send_buffer_bytes = reader.Unsigned();
    run.setting.max_streams = static_cast<uint32_t>(reader.Unsigned());
    run.seed = reader.Unsigned();
    PageLoad load;
    ReadTimeline(reader, page.resources.size(), &load);
    if (!reader.ok() || !reader.AtEnd()) {
      return bad(absl::StrCat("run ", number, " is damaged"));
    }
    run.metrics = Measure(page, load);
    if (absl::Status status = sink(run, load); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
