#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::admin {

/// What a document is: a message of api/admin.proto for each.
enum class resource : std::uint8_t {
  health,
  neighbors,
  rib,
  routes,
  actors,
  actor,
  accepted,
  error
};

/// A resource as JSON, the form that everything else is made of.
struct document {
  resource what = resource::error;
  nlohmann::json body;
};

enum class format : std::uint8_t { json, protobuf };

/// The media type: "application/json" or "application/x-protobuf".
const char* content_type(format f);

/// Which of the two an Accept header asks for, by RFC 9110 §12.5.1. JSON unless
/// Protobuf has the greater weight, or the same and is named more precisely.
/// What is malformed counts as not said.
format preferred_format(std::string_view accept);

/// The bytes to send. Text that is no UTF-8 is made so. Throws check_failure if
/// the schema lacks a field that the document has.
std::string render(const document& d, format f);

} // namespace troupe::admin
