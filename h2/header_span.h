// The only way to pass header fields in: an ordered span. RFC 9113 §8.3 puts
// pseudo-header fields before all others, which an unordered or sorted
// container cannot promise, so maps are refused at compile time.
#ifndef SLUICE_H2_HEADER_SPAN_H_
#define SLUICE_H2_HEADER_SPAN_H_

#include <sluice/h2/types.h>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>

#include "absl/types/span.h"

namespace sluice::h2 {

template <typename T>
concept HeaderMapLike = requires {
  typename T::key_type;
};

// A view of fields of either kind, Header or HeaderView, none of which it
// copies; they must outlive the call it is passed to. Its elements are
// HeaderView values.
class HeaderSpan {
 public:
  HeaderSpan() = default;

  // A vector, an array, a span, a HeaderList, …
  template <typename Fields>
  requires std::convertible_to<const Fields&, absl::Span<const Header>>
  HeaderSpan(const Fields& fields)  // NOLINT
      : HeaderSpan(absl::Span<const Header>(fields).data(), std::size(fields)) {
  }
  template <typename Fields>
  requires std::convertible_to<const Fields&, absl::Span<const HeaderView>>
  HeaderSpan(const Fields& fields)  // NOLINT
      : HeaderSpan(absl::Span<const HeaderView>(fields).data(),
                   std::size(fields)) {}

  // {{":status", "200"}, …} makes no string; a list of Header is welcome too.
  HeaderSpan(std::initializer_list<HeaderView> fields)  // NOLINT
      : HeaderSpan(fields.begin(), fields.size()) {}
  template <std::same_as<Header> Field>
  HeaderSpan(std::initializer_list<Field> fields)  // NOLINT
      : HeaderSpan(fields.begin(), fields.size()) {}

  template <HeaderMapLike Map>
  HeaderSpan(const Map&) {  // NOLINT
    static_assert(!HeaderMapLike<Map>,
                  "header fields must be in an ordered sequence such as "
                  "std::vector<h2::Header>: RFC 9113 §8.3 requires "
                  "pseudo-header fields (:method, :status, …) to come first, "
                  "and a map does not keep the order you insert in");
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  HeaderView operator[](size_t i) const {
    if (are_views_) return static_cast<const HeaderView*>(fields_)[i];
    const Header& header = static_cast<const Header*>(fields_)[i];
    return {header.name, header.value, header.never_indexed};
  }

  class Iterator;
  Iterator begin() const;
  Iterator end() const;

 private:
  HeaderSpan(const Header* headers, size_t size)
      : fields_(headers), are_views_(false), size_(size) {}
  HeaderSpan(const HeaderView* views, size_t size)
      : fields_(views), are_views_(true), size_(size) {}

  // Two words: calls pass them in registers.
  const void* fields_ = nullptr;
  size_t are_views_ : 1 = true;
  size_t size_ : 63 = 0;
};

class HeaderSpan::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = HeaderView;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = HeaderView;

  HeaderView operator*() const { return span_[i_]; }
  Iterator& operator++() {
    ++i_;
    return *this;
  }
  Iterator operator++(int) {
    const Iterator before = *this;
    ++i_;
    return before;
  }
  // Both are of one span.
  friend bool operator==(const Iterator& a, const Iterator& b) {
    return a.i_ == b.i_;
  }

 private:
  friend class HeaderSpan;
  Iterator(const HeaderSpan& span, size_t i) : span_(span), i_(i) {}

  HeaderSpan span_;
  size_t i_;
};

inline HeaderSpan::Iterator HeaderSpan::begin() const { return {*this, 0}; }
inline HeaderSpan::Iterator HeaderSpan::end() const { return {*this, size_}; }

}  // namespace sluice::h2

#endif  // SLUICE_H2_HEADER_SPAN_H_
