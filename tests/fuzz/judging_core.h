// For differential_fuzz: our core and libnghttp2 behind one interface, which
// tells what each makes of the peer's frames.
#ifndef SLUICE_TESTS_FUZZ_JUDGING_CORE_H_
#define SLUICE_TESTS_FUZZ_JUDGING_CORE_H_

#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::fuzz {

// What a core answered to a frame.
struct Judgement {
  // "accepts"; "GOAWAY PROTOCOL_ERROR"; "RST_STREAM CANCEL", or several with
  // " + " between them; "fails" where the session ends without a word.
  std::string verdict = "accepts";
  std::set<h2::StreamId> streams = {};  // of RST_STREAM
  // In the core's own words; where ours accepts, what is odd about a message.
  std::string why = {};
};

class JudgingCore {
 public:
  virtual ~JudgingCore() = default;

  virtual void Receive(absl::string_view bytes) = 0;

  // Calls of the application; false: refused.
  // The next request, on the stream `id` that both cores expect.
  virtual bool Ask(h2::StreamId id, const std::vector<h2::Header>& request,
                   bool end_stream) = 0;
  virtual bool Answer(h2::StreamId id, bool end_stream) = 0;
  virtual bool Promise(h2::StreamId parent, h2::StreamId promised) = 0;
  virtual bool Reset(h2::StreamId id) = 0;

  // The application would close the connection now.
  virtual bool IsDone() const = 0;

  // Of the output since the last call.
  Judgement Take();

  // Messages and bodies of each stream, as the application got them.
  const std::map<h2::StreamId, std::string>& delivered() const {
    return delivered_;
  }

 protected:
  explicit JudgingCore(h2::Side side) : is_client_(side == h2::Side::kClient) {}
  virtual std::string TakeOutput() = 0;

  void Deliver(h2::StreamId id, absl::string_view what) {
    delivered_[id].append(what.data(), what.size());
  }
  // But for the content-length of responses.
  void DeliverHeaders(h2::StreamId id, absl::string_view name,
                      absl::string_view value);

  std::string why_;
  bool failed_ = false;

 private:
  const bool is_client_;
  bool preface_gone_ = false;
  std::string output_;
  std::map<h2::StreamId, std::string> delivered_;
};

// Both with these settings, no limit of their own that small inputs reach, and
// without WINDOW_UPDATE frames of their own.
std::unique_ptr<JudgingCore> OurCore(h2::Side side,
                                     const std::vector<h2::Setting>& settings);
std::unique_ptr<JudgingCore> Nghttp2Core(
    h2::Side side, const std::vector<h2::Setting>& settings);

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_JUDGING_CORE_H_
