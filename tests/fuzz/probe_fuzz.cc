// Fuzzes the probe with a hostile server: our own core answers its requests,
// and the input mutates the bytes, adds frames of its own, falls silent, or
// hangs up.
//
// Operations, one after the other for all connections of the probe: some bytes
// of the honest server's, the same with a byte changed or some left out, a
// frame or raw bytes that it never sent, nothing until the client's next time.
//
// Invariants:
//   - each client ends: it is done, or has an error, or waits no longer than
//     its own patience;
//   - an error is a sentence of printable characters;
//   - a probe ends with verdicts for each experiment, or with a sentence why
//     not; each verdict is one that ParseVerdict() reads.
//
// Input: the first byte chooses the experiment and the second the honest
// server; then the operations. When they are used up, the server is honest.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/probe/catalogue.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/probe.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/url.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/fuzz_frames.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::fuzz {
namespace {

void CheckSentence(absl::string_view text) {
  Check(!text.empty() && text.size() < 2000, "no sentence");
  for (const char c : text) {
    Check(!absl::ascii_iscntrl(static_cast<unsigned char>(c)),
          absl::StrCat("a control character: ", text));
  }
}

// Answers each request with a body, in the order of the requests.
class HonestServer {
 public:
  explicit HonestServer(uint8_t how)
      : how_(how),
        connection_({.side = h2::Side::kServer,
                     .settings = {{h2::SettingId::kMaxConcurrentStreams,
                                   how & 1 ? 100u : how % 8u}}}) {
    connection_.InitiateConnection().IgnoreError();
  }

  void Receive(absl::string_view bytes) {
    std::vector<h2::Event> events;
    connection_.ReceiveData(bytes, &events).IgnoreError();
    for (const h2::Event& event : events) {
      if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
        Answer(request->stream_id);
      }
    }
  }

  std::string Send() {
    for (size_t i = 0; i < bodies_.size(); ++i) {
      auto& [id, left] = bodies_[how_ & 2 ? i : bodies_.size() - 1 - i];
      const size_t size = std::min(left, connection_.CapacityFor(id).payload());
      if (size == 0) continue;
      left -= size;
      connection_
          .SendData(id, std::string(size, 'x'), {.end_stream = left == 0})
          .IgnoreError();
    }
    return connection_.DataToSend();
  }

 private:
  void Answer(h2::StreamId id) {
    constexpr size_t kBodies[] = {400 * 1024, 330 * 1024, 20000, 0};
    const size_t size = kBodies[how_ >> 2 & 3];
    const std::string html = R"(<a href="/b">)";
    if (size == 0) {
      connection_
          .SendHeaders(id,
                       {{":status", how_ & 128 ? "404" : "302"},
                        {"location", how_ & 64 ? "/b" : "//x"}},
                       {.end_stream = true})
          .IgnoreError();
      return;
    }
    connection_
        .SendHeaders(id, {{":status", "200"},
                          {"content-type", how_ & 32 ? "text/html" : "a/b"},
                          {"server", "x"}})
        .IgnoreError();
    if (how_ & 32) connection_.SendData(id, html).IgnoreError();
    bodies_.emplace_back(id, size);
  }

  const uint8_t how_;
  h2::Connection connection_;
  std::vector<std::pair<h2::StreamId, size_t>> bodies_;
};

class Attack {
 public:
  explicit Attack(Input input) : input_(input) {}

  void Go() {
    const absl::Span<const probe::Experiment> all = probe::Experiments();
    probe::Plan plan = {.low = *probe::ParseUrl("http://localhost/big"),
                        .repeat = 1};
    plan.experiments.push_back(&all[input_.Byte() % all.size()]);
    how_ = input_.Byte();
    const probe::ServerResult result = probe::Probe(
        plan, [this](probe::Client* client) { return Connect(client); },
        [](const std::string&) {});
    if (!result.failure.empty()) CheckSentence(result.failure);
    for (const probe::ExperimentResult& experiment : result.experiments) {
      const std::string verdict = probe::FormatVerdict(experiment.verdict);
      CheckSentence(verdict);
      Check(probe::ParseVerdict(verdict).ok(), verdict);
    }
  }

 private:
  // As a driver of the client's would, with a counted time. A peer that hangs
  // up, or the driver's own patience, ends it.
  absl::Status Connect(probe::Client* client) {
    HonestServer server(how_);
    std::string wire;
    absl::Duration now = absl::ZeroDuration();
    absl::Status status = client->Start(now);
    for (int turn = 0; status.ok() && !client->done(); ++turn) {
      if (turn == kMostTurns) return absl::DeadlineExceededError("too long");
      server.Receive(client->connection().DataToSend());
      wire += server.Send();
      const std::string bytes = input_.empty() ? Honest(&wire) : Mutate(&wire);
      if (bytes.empty()) {
        if (client->wake_at() == absl::InfiniteDuration()) {
          return absl::UnavailableError("the server closed the connection");
        }
        now = std::max(now, client->wake_at());
        status = client->OnTime(now);
      } else {
        now += absl::Milliseconds(1);
        status = client->Receive(bytes, now);
      }
    }
    if (!status.ok()) CheckSentence(status.message());
    return status;
  }

  static std::string Honest(std::string* wire) {
    return std::exchange(*wire, std::string());
  }

  std::string Mutate(std::string* wire) {
    const uint8_t how = input_.Byte();
    std::string bytes = wire->substr(0, input_.Size());
    switch (how % 8) {
      case 0:
        return DrawFrame(input_);
      case 1:
        return DrawMessage(input_);
      case 2:
        return input_.Bytes(input_.Byte());
      case 3:
        return std::string();  // says nothing for once
      case 4:
        if (!wire->empty()) {
          (*wire)[input_.Size() % wire->size()] ^=
              static_cast<char>(input_.Byte());
        }
        return std::string();
      case 5:
        wire->erase(0, bytes.size());
        return DrawDataFrame(input_);
      default:
        wire->erase(0, bytes.size());
        return bytes;
    }
  }

  static constexpr int kMostTurns = 3000;

  Input input_;
  uint8_t how_ = 0;
};

}  // namespace
}  // namespace sluice::fuzz

SLUICE_FUZZ_TARGET(probe_fuzz)(const uint8_t* data, size_t size) {
  sluice::fuzz::Attack(sluice::fuzz::Input(data, size)).Go();
}
