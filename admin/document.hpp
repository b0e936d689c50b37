#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::admin {

/// What a document is: a message of api/admin.proto for each.
enum class resource : std::uint8_t {
  health,
  neighbors,
  rib,
  routes,
  memory,
  actors,
  actor,
  history,
  quarantine,
  accepted,
  error
};

/// A resource as JSON, the form that everything else is made of.
struct document {
  /// A long list of the body, made element by element as it is written: as
  /// values it would take many times the memory of its text.
  struct long_list {
    std::string name;
    std::size_t size = 0;
    std::function<nlohmann::json(std::size_t)> element;
  };

  resource what = resource::error;
  nlohmann::json body;
  std::optional<long_list> list = std::nullopt;
};

enum class format : std::uint8_t { json, protobuf };

/// The media type: "application/json" or "application/x-protobuf".
const char* content_type(format f);

/// Which of the two an Accept header asks for, by RFC 9110 §12.5.1. JSON unless
/// Protobuf has the greater weight, or the same and is named more precisely.
/// What is malformed counts as not said.
format preferred_format(std::string_view accept);

/// JSON on one line. Text that is no UTF-8, as it may come from peers, is made
/// so: it ends neither a thread nor a document.
std::string json_text(const nlohmann::json& value);

/// The bytes to send. Text that is no UTF-8 is made so. Throws check_failure if
/// the schema lacks a field that the document has.
std::string render(const document& d, format f);

} // namespace troupe::admin
