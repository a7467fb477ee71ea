// The only way to pass header fields in: an ordered span. RFC 9113 §8.3 puts
// pseudo-header fields before all others, which an unordered or sorted
// container cannot promise, so maps are refused at compile time.
#ifndef SLUICE_H2_HEADER_SPAN_H_
#define SLUICE_H2_HEADER_SPAN_H_

#include <sluice/h2/types.h>

#include <initializer_list>
#include <vector>

#include "absl/types/span.h"

namespace sluice::h2 {

template <typename T>
concept HeaderMapLike = requires {
  typename T::key_type;
};

// A view; the fields must outlive the call it is passed to.
class HeaderSpan {
 public:
  HeaderSpan() = default;
  HeaderSpan(const std::vector<Header>& headers)
      : fields_(headers) {}                                           // NOLINT
  HeaderSpan(absl::Span<const Header> headers) : fields_(headers) {}  // NOLINT
  HeaderSpan(std::initializer_list<Header> headers)                   // NOLINT
      : fields_(headers.begin(), headers.size()) {}

  template <HeaderMapLike Map>
  HeaderSpan(const Map&) {  // NOLINT
    static_assert(!HeaderMapLike<Map>,
                  "header fields must be in an ordered sequence such as "
                  "std::vector<h2::Header>: RFC 9113 §8.3 requires "
                  "pseudo-header fields (:method, :status, …) to come first, "
                  "and a map does not keep the order you insert in");
  }

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  const Header& operator[](size_t i) const { return fields_[i]; }
  absl::Span<const Header> fields() const { return fields_; }

 private:
  absl::Span<const Header> fields_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_HEADER_SPAN_H_
