// Events and frames as one-line texts, so that tests compare what a reader can
// read.
#ifndef SLUICE_TESTS_H2_DESCRIBE_H_
#define SLUICE_TESTS_H2_DESCRIBE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "h2/events.h"
#include "h2/types.h"

namespace sluice::h2::testing {

// "Request(1, :method=GET …, ended)", "Data(1, 5 bytes, flow 5)", …: every
// field of the event is in it.
std::string Describe(const Event& event);
std::vector<std::string> Describe(absl::Span<const Event> events);

// Decodes the frames that a connection sent (a preface in front is dropped):
// "SETTINGS(1=4096 …)", "RST_STREAM(1, CANCEL)", "GOAWAY(0, PROTOCOL_ERROR)",
// "HEADERS(1, END_STREAM, :status=200)". Header blocks are decoded in the order
// in which they stand, so give a connection's output to one object from the
// beginning.
class FrameReader {
 public:
  FrameReader();
  ~FrameReader();
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // The frames that `bytes` complete.
  std::vector<std::string> Read(absl::string_view bytes);

 private:
  struct State;
  State* state_;
};

}  // namespace sluice::h2::testing

#endif  // SLUICE_TESTS_H2_DESCRIBE_H_
