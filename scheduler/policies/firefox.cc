// firefox: the tree of groups that Firefox built with RFC 7540 placeholders
// until version 128, seated by what a resource is rather than by what the
// client says.
//
//   root ─ leaders 201      css, js that is not async or deferred, head js
//        │   └ followers 1  html, image, font
//        ├ unblocked 101    async or deferred js, fetch
//        └ background 1     the rest
//            └ speculative 1  preloads other than js
//
// A stream has weight 22 in its group when it is an image, 42 when it is a
// font, else 32. As Marx et al. modelled it (WEBIST 2019): groups share with
// the streams beside them. Option marx_font_bug=true gives fonts 32, as the
// authors' code did, where their branch for fonts could not be reached.
//
// Without hints the class is guessed from the client's signals (translation.h);
// a later hint moves the stream to its group.
#include <sluice/scheduler/class_tree_policy.h>

namespace sluice::scheduler {
namespace {

class Firefox final : public ClassTreePolicy {
 public:
  Firefox(const PolicyOptions& options, OptionReader& read)
      : ClassTreePolicy(options),
        font_weight_(
            read.Choice("marx_font_bug", {"false", "true"}) == 1 ? 32 : 42) {}

 private:
  Seat SeatOf(const StreamInfo& info) const override {
    const ResourceHints resource = ResourceOf(info);
    if (resource.resource_class == ResourceClass::kJs) {
      if (resource.async_or_defer && !resource.in_head) {
        return {unblocked_, 32, "unblocked"};
      }
      return {leaders_, 32, "leaders"};
    }
    const int weight = WeightOf(resource.resource_class);
    if (resource.preload) return {speculative_, weight, "speculative"};
    switch (resource.resource_class) {
      case ResourceClass::kCss:
        return {leaders_, weight, "leaders"};
      case ResourceClass::kHtml:
      case ResourceClass::kImage:
      case ResourceClass::kFont:
        return {followers_, weight, "followers"};
      case ResourceClass::kFetch:
        return {unblocked_, weight, "unblocked"};
      default:
        return {background_, weight, "background"};
    }
  }

  int WeightOf(ResourceClass resource_class) const {
    if (resource_class == ResourceClass::kImage) return 22;
    if (resource_class == ResourceClass::kFont) return font_weight_;
    return 32;
  }

  const int font_weight_;
  const Group leaders_ = AddGroup(kRoot, 201);
  const Group followers_ = AddGroup(leaders_, 1);
  const Group unblocked_ = AddGroup(kRoot, 101);
  const Group background_ = AddGroup(kRoot, 1);
  const Group speculative_ = AddGroup(background_, 1);
};

SLUICE_REGISTER_POLICY(firefox, "Firefox's groups, seated by class (Marx)",
                       Firefox);

}  // namespace
}  // namespace sluice::scheduler
