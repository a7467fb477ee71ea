// What made the browser discover each entry of a HAR.
//
// Every entry but the first ones gets one parent, which began before it (by
// start, then by index), by the first of these rules that finds one:
//  1. Redirect: the latest redirect to this address that no entry has followed
//     yet.
//  2. Named: the entry of an address that its initiator names. Of several (the
//     scripts of a call stack, and those that scheduled them) the one that
//     ended last counts: all were needed, and it was the last. Of several
//     entries with one address the latest counts.
//  3. Inferred, where nothing is named (Firefox names nothing) or no entry has
//     the named address:
//     a. the stylesheet whose address is the Referer;
//     b. otherwise some frame: the document whose address is the Referer, or
//        the page's document. If it was still arriving, or nothing else ended
//        in between, it is the parent: its parser found the address.
//     c. Otherwise whatever could have asked and ended last before the start,
//        not before the frame did: a script, for anything; a stylesheet, for
//        fonts, images and stylesheets, unless the Referer named the frame.
// The page's document is the first entry of type html that is no redirect;
// only rule 1 and rule 2 give it a parent. An entry that began before it, and
// for which no rule finds a parent, is requested at the page's start, after as
// much time as in the capture.
//
// Entries that are left out (har_entry.h) have parents too, and whatever they
// discovered counts as discovered by their own nearest kept ancestor.
//
// An initiator that names only itself or what began later names nothing, and so
// do those that name each other in a circle; so does the document's (a script
// of the page before it, which this page loads again).
#ifndef SLUICE_BENCHMARKS_LAB_HAR_DISCOVERY_H_
#define SLUICE_BENCHMARKS_LAB_HAR_DISCOVERY_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/har_entry.h"

namespace sluice::lab {

struct HarDiscovery {
  // Index in HarLog::entries of the page's document.
  size_t document = 0;
  // By entry, as HarLog::entries: the kept entry that discovered it, or
  // nothing for one that the page starts with. Always an earlier one.
  std::vector<std::optional<size_t>> parents;
  // Whether rule 3 was needed.
  std::vector<bool> inferred;
};

// Error: InvalidArgument, a sentence with `file`: no document.
// O(entries²).
absl::StatusOr<HarDiscovery> DiscoverHar(const HarLog& log,
                                         absl::string_view file);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HAR_DISCOVERY_H_
