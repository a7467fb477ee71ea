// Priorities and hints that fuzzers take from their input.
#ifndef SLUICE_TESTS_FUZZ_FUZZ_SIGNALS_H_
#define SLUICE_TESTS_FUZZ_FUZZ_SIGNALS_H_

#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <optional>

#include "tests/fuzz/fuzz_input.h"

namespace sluice::fuzz {

signals::Rfc7540Priority DrawDependency(Input& input);
signals::Rfc9218Priority DrawField(Input& input);
// Of either kind, of both, or nothing: the override is taken back.
std::optional<scheduler::ServerPriority> DrawOverride(Input& input);
scheduler::ResourceHints DrawHints(Input& input);

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_FUZZ_SIGNALS_H_
