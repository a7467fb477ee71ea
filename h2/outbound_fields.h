// Header fields on their way out: names in lower case, one field for each
// cookie-pair, secrets out of HPACK's dynamic table (RFC 7541 §7.1.3).
#ifndef SLUICE_H2_OUTBOUND_FIELDS_H_
#define SLUICE_H2_OUTBOUND_FIELDS_H_

#include <sluice/h2/header_span.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <forward_list>
#include <string>

#include "absl/container/fixed_array.h"
#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::h2 {

struct OutboundRules {
  // Lower-case names, no space around names and values, no
  // connection-specific fields.
  bool normalize = true;
  // One field for each cookie-pair (RFC 9113 §8.2.3).
  bool split_cookies = false;
};

// RFC 9113 §6.5.2: the size of a header list.
size_t ListSizeOf(absl::Span<const NamedField> fields);

// The fields of one section, as `rules` say. `authorization`,
// `proxy-authorization` and cookies shorter than 20 bytes are never indexed,
// whatever the rules are. O(bytes); allocates only for names that are changed,
// and for more than 24 fields.
class OutboundFields {
 public:
  // `headers` must outlive the object.
  OutboundFields(HeaderSpan headers, const OutboundRules& rules);
  OutboundFields(const OutboundFields&) = delete;
  OutboundFields& operator=(const OutboundFields&) = delete;

  absl::Span<const NamedField> fields() const {
    return {fields_.data(), static_cast<size_t>(end_ - fields_.data())};
  }
  size_t list_size() const { return list_size_; }

  // Whether the peer takes them, by their size. `max_list_size` is its
  // MAX_HEADER_LIST_SIZE. Error: HeadersTooLarge.
  absl::Status CheckSize(StreamId id, size_t max_list_size) const {
    return list_size_ <= max_list_size && list_size_ <= kMaxFieldText
               ? absl::OkStatus()
               : CheckEachSize(id, max_list_size);
  }

 private:
  static constexpr size_t kUsualFields = 24;

  // At least as many as the fields of `headers` with all cookies split.
  static size_t MostSplit(HeaderSpan headers);

  void Normalize(NamedField* field);
  // The cookie-pairs of `cookie` become the next fields.
  void SplitCookie(const NamedField& cookie);
  absl::Status CheckEachSize(StreamId id, size_t max_list_size) const;

  absl::FixedArray<NamedField, kUsualFields> fields_;
  NamedField* end_;                       // of those in use
  std::forward_list<std::string> names_;  // those that were changed
  size_t list_size_ = 0;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_OUTBOUND_FIELDS_H_
