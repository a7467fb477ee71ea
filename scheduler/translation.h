// How a policy reads signals of a kind that is not its own.
//
// Three translations: RFC 7540 dependencies into RFC 9218 urgencies, urgencies
// into weights, and either kind of signal into a class of resource. They follow
// Chromium, the only browser whose own priorities map one to one to both kinds.
#ifndef SLUICE_SCHEDULER_TRANSLATION_H_
#define SLUICE_SCHEDULER_TRANSLATION_H_

#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace sluice::scheduler {

// The urgency that stands for a weight in an exclusive chain (Chromium's five
// levels and the three it does not use): 256 → 0, 220 → 1, 183 → 2, 147 → 3,
// 110 → 4, 74 → 5, 37 → 6, below → 7; a weight between two of these counts as
// the lower one.
int UrgencyOfChainWeight(int weight);

// An exclusive dependency is a place in a chain: its weight gives the urgency
// as above, and the stream is not incremental. One that shares is incremental;
// each doubling of the default weight is one urgency more: 1 → 7, 2 → 6, 4 → 5,
// 8 → 4, 16 → 3, 32 → 2, 64 → 1, 128 → 0. The dependency itself is not read.
signals::Rfc9218Priority TranslateToRfc9218(
    const signals::Rfc7540Priority& priority);

// The weight that stands for an urgency in a tree, the inverse of the above for
// streams that share: 0 → 128, 1 → 64, 2 → 32, 3 → 16 (the default of both), 4
// → 8, 5 → 4, 6 → 2, 7 → 1. An urgency names no dependency, so the stream stays
// where it is, at first on the root. The incremental parameter is not read: in
// a tree, dependencies say that one stream waits for another.
int WeightOfUrgency(int urgency);

// The part of RFC 7540 signals under RFC 9218.
enum class Dependencies : uint8_t {
  kIgnore,
  kTranslate,  // they stand for a stream's missing RFC 9218 signal
  kMove,       // a PRIORITY frame gives the urgency (StreamInfo::moved)
};

// The RFC 9218 priority of a stream: its signal of that kind in force, with
// `dependencies` for the client's part of it; else the default (u=3). CONNECT
// tunnels are incremental (RFC 9218 §11).
signals::Rfc9218Priority Rfc9218Of(
    const StreamInfo& info,
    Dependencies dependencies = Dependencies::kTranslate);

// "u=3" or "u=3, i", for PickReason.
absl::string_view Rfc9218Name(const signals::Rfc9218Priority& priority);

// The resource that a stream carries: its hints when they name a class, else
// the class to which Chromium gives the urgency of its signal: 0 → css in the
// head, 1 → js in the head, 2 → js after the first image, 3 → image, below →
// other. Without any signal: other. Hints that are given later replace the
// guess.
ResourceHints ResourceOf(const StreamInfo& info);

// Chromium's five groups, 0 … 4, as Marx et al. took them over: html, css, font
// | js of the head, fetch | js after the first image | async or deferred js,
// image | the rest.
inline constexpr size_t kChromeGroups = 5;
size_t ChromeGroupOf(const ResourceHints& resource);

// "html, css, font", … for PickReason.
absl::string_view ChromeGroupName(size_t group);

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_TRANSLATION_H_
