// The views of the public API. They take what a program has, of the standard
// library or of Abseil, and copy nothing; the memory must outlive the view.
//
//   connection.ReceiveData(std::string_view(buffer, n), &events);
//   connection.ReceiveData(std::span<const uint8_t>(buffer).first(n), &events);
//   CreatePolicy(std::string("rr"));
//   std::array<iovec, 16> pieces;
//   connection.PeekOutput(pieces);
//
// So no program has to know whether its Abseil was built with a string_view of
// its own (Debian's was) or with std::string_view.
#ifndef SLUICE_SIGNALS_VIEWS_H_
#define SLUICE_SIGNALS_VIEWS_H_

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/base/config.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::signals {

// A string, vector, span or array of char, unsigned char or std::byte. A char
// array is not one: it ends at its first NUL, as text does everywhere.
template <typename T>
concept ByteRange =
    std::ranges::contiguous_range<const T&> &&
    std::ranges::sized_range<const T&> &&
    !std::is_same_v<std::remove_extent_t<T>, char> &&
    (std::same_as<std::ranges::range_value_t<const T&>, char> ||
     std::same_as<std::ranges::range_value_t<const T&>, unsigned char> ||
     std::same_as<std::ranges::range_value_t<const T&>, std::byte>);

// Text, or bytes: an absl::string_view that can be made from each ByteRange,
// and is a std::string_view too.
class StringView : public absl::string_view {
 public:
  constexpr StringView() = default;
  constexpr StringView(absl::string_view text)  // NOLINT
      : absl::string_view(text) {}
  constexpr StringView(const char* text)  // NOLINT
      : absl::string_view(text) {}
  constexpr StringView(const char* bytes, size_t size)
      : absl::string_view(bytes, size) {}
  // Other ranges have a size to check; a string's is surely legal.
  StringView(const std::string& text)  // NOLINT
      : absl::string_view(text) {}
  template <ByteRange Bytes>
  StringView(const Bytes& bytes)  // NOLINT
      : absl::string_view(
            reinterpret_cast<const char*>(std::ranges::data(bytes)),
            std::ranges::size(bytes)) {}

#ifndef ABSL_USES_STD_STRING_VIEW
  constexpr StringView(std::string_view text)  // NOLINT
      : absl::string_view(text.data(), text.size()) {}
  constexpr operator std::string_view() const {  // NOLINT
    return {data(), size()};
  }
#endif
};

// Room for results: an absl::Span that can be made from any array, vector or
// span of T.
template <typename T>
class OutSpan : public absl::Span<T> {
 public:
  OutSpan(absl::Span<T> room) : absl::Span<T>(room) {}  // NOLINT
  OutSpan(T* first, size_t size) : absl::Span<T>(first, size) {}
  template <typename Range>
  requires std::convertible_to<Range, std::span<T>> OutSpan(
      Range&& room)  // NOLINT
      : absl::Span<T>(std::ranges::data(room), std::ranges::size(room)) {}
};

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_VIEWS_H_
