// The media type of a file, by the ending of its name.
#ifndef SLUICE_EXAMPLES_SERVER_MEDIA_TYPE_H_
#define SLUICE_EXAMPLES_SERVER_MEDIA_TYPE_H_

#include <sluice/scheduler/policy.h>

#include "absl/strings/string_view.h"

namespace sluice::examples {

struct MediaType {
  absl::string_view content_type;             // for the content-type field
  scheduler::ResourceClass resource_class{};  // for policies that sort by it
};

// Case does not matter; an unknown ending is application/octet-stream.
MediaType MediaTypeOf(absl::string_view path);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_MEDIA_TYPE_H_
