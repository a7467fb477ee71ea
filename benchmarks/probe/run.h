// Plays a Script against a server. See script.h for the idea.
#ifndef SLUICE_BENCHMARKS_PROBE_RUN_H_
#define SLUICE_BENCHMARKS_PROBE_RUN_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/client.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/script.h"

namespace sluice::probe {

// Where the bodies are. Paths begin with '/'.
struct Target {
  std::string scheme = "http";
  std::string authority = "localhost";
  std::string low_path = "/";
  std::string high_path = "/";
};

// A GET for `path`.
std::vector<h2::Header> RequestFields(const Target& target,
                                      const std::string& path);

struct RunOutcome {
  // Of the last phase: the bytes of each request, by its index.
  std::vector<int64_t> bytes;
  // All choices were made. Otherwise the bodies ended before.
  bool complete = false;
  // The responses' `priority` fields, by the request's index.
  std::vector<std::optional<std::string>> priority_fields;
  Strip strip;
};

class Run : public Client {
 public:
  // How long a server may take to begin its answers before the window opens
  // without them, and how long if it is known to hold them back.
  static constexpr absl::Duration kAnswerPatience = absl::Seconds(1);
  static constexpr absl::Duration kShortPatience = absl::Milliseconds(100);

  Run(Target target, Script script,
      absl::Duration answer_patience = kAnswerPatience);

  h2::Connection& connection() override { return connection_; }
  // Errors: Unavailable (the server answers with another status than 200,
  // resets a stream, or leaves the window unused), the connection's.
  absl::Status Start(absl::Duration now) override;
  absl::Status Receive(absl::string_view bytes, absl::Duration now) override;
  absl::Status OnTime(absl::Duration now) override;
  absl::Duration wake_at() const override { return wake_at_; }
  bool done() const override { return state_ == State::kDone; }

  const RunOutcome& outcome() const { return outcome_; }

  // The answers did not come while the window was closed.
  bool held_back() const { return held_back_; }

 private:
  enum class State {
    kFirstWindow,  // stream 1 takes it
    kAnswers,      // a phase's actions left; responses and the PING are due
    kSettling,     // they are here; a little time for the bodies
    kChoosing,     // the window is open
    kDone,
  };

  absl::Status Do(const Ask& ask, absl::Duration now);
  absl::Status Do(const Prioritise& prioritise, absl::Duration now);
  absl::Status Do(const Update& update, absl::Duration now);
  absl::Status BeginPhase(absl::Duration now);
  absl::Status Grant(absl::Duration now);
  absl::Status OpenWindow(absl::Duration now);
  absl::Status OnEvent(const h2::Event& event, absl::Duration now);
  absl::Status OnResponse(const h2::ResponseReceived& response);
  absl::Status OnData(const h2::DataReceived& data, absl::Duration now);
  absl::Status OnQuiet(absl::Duration now);
  void OnAnswer(absl::Duration now);
  void Note(absl::Duration now, decltype(StripEvent::what) what);
  void Move(h2::StreamId id, const std::string& to);
  // How long the server may leave an open window unused.
  absl::Duration Quiet() const;
  const Phase& phase() const { return script_.phases[phase_]; }

  const Target target_;
  const Script script_;
  const absl::Duration answer_patience_;
  h2::Connection connection_;
  State state_ = State::kFirstWindow;
  size_t phase_ = 0;
  absl::Duration wake_at_ = absl::InfiniteDuration();
  int64_t credit_ = kFirstWindow;  // bytes that the server may send now
  int64_t rest_ = 0;               // that stream 1 took after the first window
  size_t asked_ = 0;               // requests of the script
  size_t answered_ = 0;
  size_t ended_ = 0;
  bool pinged_ = false;  // and not answered
  bool held_back_ = false;
  absl::Duration phase_began_ = absl::ZeroDuration();
  int choices_left_ = 0;
  int quiet_ = 0;  // times in a row that the server left the window unused
  absl::Duration round_trip_ = absl::ZeroDuration();  // at most
  // What PRIORITY and PRIORITY_UPDATE made of a stream, for its label.
  std::map<h2::StreamId, std::string> moved_;
  RunOutcome outcome_;
};

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_RUN_H_
