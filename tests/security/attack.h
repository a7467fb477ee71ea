// Attacks on one connection, as tables: what the peer sends, and what it must
// come to. docs/security.md has a row for each, and names it as
// ServerAttack/Name or ClientAttack/Name.
#ifndef SLUICE_TESTS_SECURITY_ATTACK_H_
#define SLUICE_TESTS_SECURITY_ATTACK_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace sluice::security {

using Bytes = std::function<std::string(h2::Connection& victim, int round)>;

// A request for the path "/small" is answered by two bytes; for any other path
// by a body without end.
struct Attack {
  const char* name;
  // The peer's bytes after the handshake, once; round −1. May call the victim.
  Bytes begin = nullptr;
  // Its bytes again and again, with the rounds counted from 0.
  Bytes round = nullptr;
  // The code of the victim's GOAWAY. kNoError: these rounds are harmless, and
  // the connection lives through all of them.
  h2::ErrorCode code = h2::ErrorCode::kEnhanceYourCalm;
  int most_rounds = 1010;

  // How the peer behaves.
  std::vector<h2::Setting> settings = {};
  bool acknowledges = true;  // our SETTINGS
  bool reads = true;         // our output
  int rounds_in_a_read = 1;

  // What the victim may need.
  size_t most_memory = 256 * 1024;  // bytes
  // Events, picks and frames of ours, for each frame of the peer's.
  double most_work = 6;
  std::function<void(h2::ConnectionOptions& options)> options = nullptr;
};

inline std::ostream& operator<<(std::ostream& out, const Attack& attack) {
  return out << attack.name;
}

std::vector<Attack> AttacksOnServers();
std::vector<Attack> AttacksOnClients();

}  // namespace sluice::security

#endif  // SLUICE_TESTS_SECURITY_ATTACK_H_
