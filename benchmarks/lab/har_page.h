// A page from a HAR file, as a browser or a tool exported it.
//
// har_entry.h says which fields are read, har_discovery.h what discovers what.
// The rest of a page is made by these rules:
//  - Resources are the kept entries, by start; `id` is the index in the HAR.
//    All hosts are merged into one connection, without the time that lookups
//    and handshakes took.
//  - A redirect sends nothing and is complete when it is requested, as in page
//    files.
//  - An entry that began when its parent had ended is discovered at the
//    parent's end, and requested after the time that passed in between. One
//    that began earlier is discovered in the stream if the parent is html or
//    css: after as many bytes as had come by then, by the parent's `_chunks`,
//    or as if bytes came evenly from the first to the last. Of another parent
//    it is discovered at the end.
//  - Levels: as the HAR says; where it says none, the default of the type
//    (page_rules.h), and Medium for a script that is late and Low for one that
//    is async or deferred, High for a preloaded font, VeryLow for a stylesheet
//    that Firefox asked for with u=4 (its media do not match).
//  - A change of level (`_initialPriority`, `_priority`) has no time in a HAR.
//    That of an image is placed where layout would put it in view: at the end
//    of the last render-critical entry that ended before the image did. Any
//    other resource has its last level from the start.
//  - Preloaded: so said by the initiator or `_isLinkPreload` (Chrome's DevTools
//    do not tell), or a font that Firefox asked for with u=2.
//  - Render-blocking, only in the document's own frame: what `_renderBlocking`
//    says. Otherwise a stylesheet at VeryHigh (in old Chromes High) that no
//    script inserted, and that no stylesheet imports which does not block
//    itself; one of the head may be preloaded as well. A script that no script
//    and no preload asked for: with levels, High blocks in the head, Medium
//    late; from a Firefox that sends `priority`, u=2 blocks; with neither, it
//    blocks in the head when it began before the first image did, else late.
//    All other scripts are async or deferred; so is one with a level whose
//    initiator is neither the parser nor unknown.
//  - In the viewport: an image whose level is High or above at any time, or
//    that Firefox displayed. Neither can be seen of an image that had arrived
//    before there was a layout. Where levels are known by the requests' headers
//    alone, a later change cannot be seen: there, and in a HAR without levels
//    and displayed images, it is a guess that Chrome makes too: an image of the
//    document that no script asked for, and that was asked for at Medium or
//    above; without levels, the first five of them. Chrome raises such an image
//    to High, so it is raised here as well.
#ifndef SLUICE_BENCHMARKS_LAB_HAR_PAGE_H_
#define SLUICE_BENCHMARKS_LAB_HAR_PAGE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/page.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

// The member of "log" that holds a whole page (page_fixture.h) in the HAR files
// that the lab writes (har_output.h): where it is, nothing is inferred.
inline constexpr char kHarFixtureField[] = "_page_fixture";

// Reads `document`, a JSON object with a "log"; leaves `sha256` empty. `file`
// names it in errors and names the page. `note` says what was left out,
// what was inferred and which values could not be used. Error: InvalidArgument,
// one sentence with the entry and the field. O(size of the document +
// entries²).
absl::StatusOr<Page> ReadHarPage(const nlohmann::json& document,
                                 absl::string_view file);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HAR_PAGE_H_
