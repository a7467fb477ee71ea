// When Chromium asks for a resource that it has found, and at which level: the
// part of its engine (Blink) that a page file does not tell, because it depends
// on what has arrived by then. Levels and sources are those of Chromium 156;
// signal sets of other browsers do without it (Signals::LoadsAsBlink).
//
// The engine gets the document 25 ms after its first byte has arrived (the
// navigation is committed; kCommitNs). Then the parser reads it as it arrives.
// It stops at a script that is neither async nor deferred until the script has
// arrived, and so have the stylesheets that block; and at a stylesheet of the
// body until that has arrived. Behind the last
// blocking resource of the head the *body* begins. The first *layout* needs the
// body and every resource that blocks rendering. The rules:
//
//  1. Tight mode. Until the body begins, a request below High waits while two
//     requests are open (of any level; a Medium one while two Medium ones are
//     open as well). Waiting ones go by level, then in order. The document,
//     frames, fetches, media and beacons neither wait nor count.
//     (resource_load_scheduler.cc: tight_limit 2, tight_medium_limit 2;
//     resource_loader.cc: IsThrottlableRequestContext; Document::
//     WillInsertBody.)
//  2. Images. The preload scanner raises the first five images of the document
//     to Medium that are not preloaded. It reads ahead while the parser has to
//     stop, and in the document's first piece, all that had arrived when the
//     engine got it. Behind them the parser comes first and asks at Low, and
//     the scanner raises that request a moment later. A page with a Medium
//     image knows already which ones these are. (resource_fetcher.cc:
//     AdjustImagePriority.)
//  3. Scripts and stylesheets behind an image are Medium when the scanner finds
//     them. When the parser finds them, or as soon as it stops at them,
//     they are High and VeryHigh. A request that is raised while it waits keeps
//     its `priority` header. (resource_fetcher.cc: ComputeLoadPriority.)
//  4. Layout. A font is requested when layout uses it, unless it is preloaded.
//     Layout raises the images in view to High. It sees what the parser has
//     passed. (resource_fetcher.cc: GetDeferPolicy,
//     UpdateAllImageResourcePriorities.)
//  5. Inline scripts. The scanner sees nothing that a script asks for. A page
//     file has no inline scripts, but what they do: fetches of the document,
//     and pauses of 150 ms and more behind it. Such a pause begins when the
//     parser has got there.
//
// The lab observed all of them in Chromium 156 (docs/lab.md). Only the page's
// own frame has a parser here: resources of other frames never wait.
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_BLINK_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_BLINK_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

class Blink {
 public:
  // From the document's first byte to OnCommit(). Measured in Chromium 156 on a
  // busy machine of two cores: 25 to 45 ms.
  static constexpr int64_t kCommitNs = 25'000'000;

  // `page` must outlive this.
  explicit Blink(const Page& page);

  // What the browser does next: it sends a request, gives a request that it has
  // sent another level, or begins the pause behind a discovery.
  struct Action {
    enum Kind { kRequest, kChange, kPause } kind = kRequest;
    size_t resource = 0;  // index in the page
    ChromeLevel level = ChromeLevel::kLow;
    // Of a request: its level when it was made, which may have waited since.
    ChromeLevel found_at = ChromeLevel::kLow;

    friend bool operator==(const Action&, const Action&) = default;
  };

  // Index of the page's document; the number of resources if it has none.
  size_t document() const { return document_; }

  // `resource` was discovered. Returns whether its pause begins later, by an
  // action; otherwise it begins now.
  bool HoldsBack(size_t resource);
  // `resource` was found, and the pause behind its discovery is over. Once for
  // each; no redirect.
  void OnFound(size_t resource);
  // The page's own change of mind is due (ChangeOfMind).
  void OnChangeDue(size_t resource);
  // `received` bytes of `resource` have arrived.
  void OnBytes(size_t resource, uint64_t received);
  void OnCommit();
  void OnComplete(size_t resource);

  // The actions since the last call, in order.
  std::vector<Action> TakeActions() { return std::exchange(actions_, {}); }

 private:
  enum class Step { kUnknown, kWaiting, kOpen, kComplete };
  struct State {
    Step step = Step::kUnknown;
    ChromeLevel found_at = ChromeLevel::kLow;
    ChromeLevel level = ChromeLevel::kLow;
    size_t order = 0;  // in which it was found
    bool counts_as_medium = false;
    bool change_is_due = false;
  };
  using Waiting = std::tuple<ChromeLevel, size_t, size_t>;  // as in State

  void FindBlockers();
  bool OfDocument(size_t resource) const;
  uint64_t PlaceOf(size_t resource) const;
  bool Counts(size_t resource) const;
  bool IsBehindTheStop(size_t resource) const;
  bool ScannerFinds(size_t resource) const;
  bool HasParsed(size_t resource) const;
  bool IsLaidOut(size_t resource) const;
  bool WaitsForLayout(size_t resource) const;
  void SetLevels(size_t resource);
  void Ask(size_t resource);
  void Send(size_t resource);
  void SendWaiting();
  void SetLevel(size_t resource, ChromeLevel level);
  void Advance();
  void LayOut();
  void LayOut(size_t resource);

  const Page& page_;
  std::vector<State> states_;
  std::vector<bool> in_frame_;  // of the document
  std::vector<Action> actions_;

  // The parser.
  size_t document_;
  bool committed_;
  std::vector<size_t> early_;       // found before that
  uint64_t received_ = 0;           // bytes of the document
  uint64_t first_piece_ = 0;        // of them
  uint64_t head_ends_ = 0;          // the byte behind its last blocking one
  std::set<size_t> blocks_body_;    // that have not arrived
  std::set<size_t> blocks_layout_;  // likewise, beside the body
  std::vector<size_t> stops_;       // of the body, the next one last
  bool stopped_ = false;            // at the next one
  bool body_ = false;
  bool layout_ = false;

  // Requests.
  std::set<Waiting> waiting_;
  size_t found_ = 0;
  size_t open_ = 0;                 // that count
  size_t open_medium_ = 0;          // of all
  bool raises_images_ = true;       // rule 2
  int images_ = 0;                  // of the document
  std::vector<size_t> for_parser_;  // held back
  std::vector<size_t> for_layout_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_BLINK_H_
