// Every MUST of RFC 9113 §3–8, RFC 7541, RFC 9218, RFC 8441 and of RFC 7540's
// priorities that names an error, as rows: the bytes that come in and the
// answer to them.
#ifndef SLUICE_TESTS_H2_ERROR_TABLE_H_
#define SLUICE_TESTS_H2_ERROR_TABLE_H_

#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <optional>
#include <string>
#include <vector>

namespace sluice::h2::tests {

// The connection before a row's bytes.
enum class Given {
  kInitiated,     // InitiateConnection(); nothing of the peer's yet
  kReady,         // both prefaces, both SETTINGS acknowledged
  kRequest,       // and a request on stream 1, not ended
  kRequestEnded,  // and a request on stream 1, ended by END_STREAM
  kAnswered,      // and a request and its response on stream 1, both ended
  kResetByUs,     // a request on stream 1, which our side reset
  kResetByPeer,   // a request on stream 1, which the peer reset
  kPromised,      // a request on stream 1 and PUSH_PROMISE of stream 2 on it
};

struct ErrorRow {
  std::string name;     // a test's name
  std::string section;  // of the rule
  Side side;            // ours
  Given given;
  std::string bytes;  // the peer's
  // The answer: `GOAWAY CODE` (the connection has ended), `RST_STREAM ID CODE`
  // (it lives), nothing (tolerated, and it lives).
  std::vector<std::string> answer;
  std::vector<Setting> peer_settings = {};  // of its preface
  std::vector<Setting> our_settings = {};
};

std::vector<ErrorRow> FramingErrors();  // RFC 9113 §3, §4, §6.5, §6.7–6.10
std::vector<ErrorRow> StreamErrors();   // RFC 9113 §5, §6.1–6.4, §6.6
std::vector<ErrorRow> MessageErrors();      // RFC 9113 §8, RFC 8441
std::vector<ErrorRow> CompressionErrors();  // RFC 9113 §4.3, RFC 7541
std::vector<ErrorRow> PriorityErrors();     // RFC 7540 §5.3, §6.3, RFC 9218

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_ERROR_TABLE_H_
