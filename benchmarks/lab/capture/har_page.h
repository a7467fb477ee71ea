// Makes a page of a HAR file that a browser or a tool exported.
//
// har_entry.h lists the fields, har_discovery.h has the rules of discovery.
// These rules make the rest of the page:
//  - Resources are the kept entries, by start; `id` is the index in the HAR.
//    All hosts are merged into one connection, without the time that lookups
//    and handshakes took.
//  - A redirect sends nothing and is complete when it is requested, as in page
//    files. The browser follows it at once; a pause there is the recorder's.
//  - An entry that began when its parent had ended is discovered at the
//    parent's end, and requested after the time that passed in between. One
//    that began earlier is discovered in the stream if the parent is html or
//    css: after as many bytes as had come by then, by the parent's `_chunks`,
//    or as if bytes came evenly from the first to the last. Of another parent
//    it is discovered at the end.
//  - Levels: the HAR's. Where it has none: Medium for a late script, Low for an
//    async or deferred one, High for a preloaded font, VeryLow for a stylesheet
//    that Firefox requested with u=4 (its media do not match), and otherwise
//    the default of the type (page_rules.h).
//  - A change of level (`_initialPriority`, `_priority`) has no time in a HAR.
//    An image changes when layout would put it in view: at the end of the last
//    render-critical entry that ended before the image did. Any other resource
//    has its last level from the start.
//  - Preloaded: the initiator or `_isLinkPreload` says so (Chrome's DevTools
//    have neither), or it is a font that Firefox requested with u=2.
//  - Render-blocking, only in the document's own frame: `_renderBlocking`
//    decides. Without it a stylesheet blocks at VeryHigh (in old Chromes High)
//    unless a script inserted it or a stylesheet imports it that does not block
//    itself; one of the head may be preloaded as well. A script may block if no
//    script and no preload requested it: with levels, High blocks in the head
//    and Medium late; from a Firefox that sends `priority`, u=2 blocks; with
//    neither, it blocks in the head if it began before the first image,
//    otherwise late. Nothing blocks the first layout that began when an image
//    had arrived which layout had raised: such a stylesheet does not block, and
//    such a script blocks late. All other scripts are async or deferred; so is
//    a script with a level whose initiator is neither the parser nor unknown.
//  - In the viewport: an image whose level is High or above at any time, or
//    that Firefox displayed. An image that arrived before the first layout
//    shows neither. Headers alone show no later change. There, and in a HAR
//    without levels and displayed images, the lab guesses as Chrome does: it
//    takes the images of the document that no script requested, at Medium or
//    above; without levels, the first five of them. Chrome raises such an image
//    to High, and so does the lab.
#ifndef SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_PAGE_H_
#define SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_PAGE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/page/page.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

// The member of "log" that holds a whole page (page_fixture.h) in the HAR files
// that the lab writes (har_output.h). A HAR with it needs no inference.
inline constexpr char kHarFixtureField[] = "_page_fixture";

// Reads `document`, a JSON object with a "log"; leaves `sha256` empty. `file`
// names it in errors and gives the page its name. The page's `note` lists what
// was left out, inferred and ignored. Error: InvalidArgument, one sentence with
// the entry and the field. O(size of the document + entries²).
absl::StatusOr<Page> ReadHarPage(const nlohmann::json& document,
                                 absl::string_view file);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_PAGE_H_
