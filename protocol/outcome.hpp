#pragma once

#include "protocol/check.hpp"
#include "protocol/error.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace troupe::protocol {

/// A value, or the error that the peer made instead: std::expected until C++23.
/// Asking for what is not there is our mistake and throws check_failure.
template <class T>
class [[nodiscard]] outcome {
  static_assert(!std::is_same_v<T, decode_error>);

public:
  using value_type = T;

  outcome(const T& value) : content_{std::in_place_index<0>, value} {}
  outcome(T&& value) : content_{std::in_place_index<0>, std::move(value)} {}
  /// A value of T's own making, to be filled where it is.
  explicit outcome(std::in_place_t) : content_{std::in_place_index<0>} {}
  outcome(decode_error error)
      : content_{std::in_place_index<1>, std::move(error)} {}

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  const T& value() const& {
    TROUPE_CHECK(has_value(), "the outcome is an error");
    return *std::get_if<0>(&content_);
  }
  T& value() & {
    TROUPE_CHECK(has_value(), "the outcome is an error");
    return *std::get_if<0>(&content_);
  }
  T&& value() && {
    TROUPE_CHECK(has_value(), "the outcome is an error");
    return std::move(*std::get_if<0>(&content_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const decode_error& error() const& {
    TROUPE_CHECK(!has_value(), "the outcome is a value");
    return *std::get_if<1>(&content_);
  }
  decode_error&& error() && {
    TROUPE_CHECK(!has_value(), "the outcome is a value");
    return std::move(*std::get_if<1>(&content_));
  }

  friend bool operator==(const outcome&, const outcome&) = default;

private:
  std::variant<T, decode_error> content_;
};

} // namespace troupe::protocol
