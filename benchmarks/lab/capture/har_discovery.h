// Finds the entry of a HAR that made the browser discover each other entry.
//
// Every entry but the first ones gets one parent, which began before it (by
// start, then by index). The first of these rules that finds one decides:
//  1. Redirect: the latest redirect to this address that no entry has followed
//     yet.
//  2. Named: the entry of an address that its initiator names. Of several (the
//     scripts of a call stack, and those that scheduled them) the one that
//     ended last counts, since all were needed. Of several entries with one
//     address the latest counts.
//  3. Inferred, where the entry names no initiator (Firefox never does) or no
//     entry has the named address:
//     a. the stylesheet whose address is the Referer;
//     b. otherwise a frame: the document whose address is the Referer, or the
//        page's document. It is the parent if it was still arriving, or if
//        no other entry ended in between: its parser found the address.
//     c. Otherwise the entry that could have asked, did not end before the
//        frame did, and ended last before the start: a script may ask for
//        anything, a stylesheet for fonts, images and stylesheets, unless the
//        Referer named the frame.
// The page's document is the first entry of type html that is no redirect;
// only rules 1 and 2 give it a parent. An entry that began before it and has no
// parent is requested as long after the page's start as in the capture.
//
// Entries that are left out (har_entry.h) have parents too: their nearest kept
// ancestor counts as the parent of their children.
//
// Rule 2 ignores an initiator that names only itself or later entries,
// initiators that name each other in a circle, and the document's (a script of
// the page before it, which this page loads again).
#ifndef SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_DISCOVERY_H_
#define SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_DISCOVERY_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/har_entry.h"

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

#endif  // SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_DISCOVERY_H_
