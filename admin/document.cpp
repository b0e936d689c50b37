#include "admin/document.hpp"

#include "api/admin.pb.h"
#include "protocol/check.hpp"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>

namespace troupe::admin {

using nlohmann::json;

namespace {

std::unique_ptr<google::protobuf::Message> message_for(resource what) {
  switch (what) {
  case resource::health:
    return std::make_unique<v1::Health>();
  case resource::neighbors:
    return std::make_unique<v1::Neighbors>();
  case resource::rib:
    return std::make_unique<v1::Rib>();
  case resource::routes:
    return std::make_unique<v1::Routes>();
  case resource::memory:
    return std::make_unique<v1::Memory>();
  case resource::actors:
    return std::make_unique<v1::Actors>();
  case resource::actor:
    return std::make_unique<v1::Actor>();
  case resource::history:
    return std::make_unique<v1::History>();
  case resource::quarantine:
    return std::make_unique<v1::Quarantine>();
  case resource::accepted:
    return std::make_unique<v1::Accepted>();
  case resource::error:
    return std::make_unique<v1::ErrorReply>();
  }
  TROUPE_CHECK(false, "no such resource");
  return nullptr;
}

std::string trimmed_lower(std::string_view text) {
  constexpr std::string_view blank = " \t";
  const auto first = text.find_first_not_of(blank);
  if (first == text.npos)
    return {};
  std::string out{text.substr(first, text.find_last_not_of(blank) - first + 1)};
  for (char& c : out)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Takes what stands before the separator off the text.
std::string next_part(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  auto part = trimmed_lower(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// Thousandths of a qvalue: "0" to "1" with up to three digits of fraction.
std::optional<int> weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')
      || (text.size() > 1 && text[1] != '.'))
    return std::nullopt;
  int value = text[0] - '0';
  for (std::size_t i = 2; i < 5; ++i) {
    const char digit = i < text.size() ? text[i] : '0';
    if (digit < '0' || digit > '9')
      return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  return value <= 1000 ? std::optional{value} : std::nullopt;
}

/// What a header says about one media type: how precisely it is named (0: not
/// at all), and its weight. The most precise one counts.
struct verdict {
  int precision = 0;
  int weight = 0;

  void consider(std::string_view range, std::string_view type, int w) {
    const int how = range == type              ? 3
                    : range == "application/*" ? 2
                    : range == "*/*"           ? 1
                                               : 0;
    if (how > precision || (how == precision && w > weight && how > 0))
      *this = {how, w};
  }
};

/// Adds a list to the text of an object.
void append(const document::long_list& list, std::string& text) {
  text.pop_back();
  text += text.size() == 1 ? "" : ",";
  text += json_text(list.name) + ":[";
  for (std::size_t i = 0; i != list.size; ++i) {
    text += i == 0 ? "" : ",";
    text += json_text(list.element(i));
  }
  text += "]}";
}

} // namespace

std::string json_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const char* content_type(format f) {
  return f == format::json ? "application/json" : "application/x-protobuf";
}

format preferred_format(std::string_view accept) {
  verdict as_json, as_protobuf;
  while (!accept.empty()) {
    const auto element = next_part(accept, ',');
    std::string_view parameters{element};
    const auto range = next_part(parameters, ';');
    std::optional<int> w = 1000;
    while (!parameters.empty())
      if (const auto p = next_part(parameters, ';'); p.starts_with("q="))
        w = weight(std::string_view{p}.substr(2));
    if (!w)
      continue;
    as_json.consider(range, content_type(format::json), *w);
    as_protobuf.consider(range, content_type(format::protobuf), *w);
  }
  const bool wins =
      as_protobuf.weight > as_json.weight
      || (as_protobuf.weight == as_json.weight && as_protobuf.weight > 0
          && as_protobuf.precision > as_json.precision);
  return wins ? format::protobuf : format::json;
}

std::string render(const document& d, format f) {
  auto text = json_text(d.body);
  if (d.list)
    append(*d.list, text);
  if (f == format::json)
    return text;
  const auto message = message_for(d.what);
  const auto status =
      google::protobuf::util::JsonStringToMessage(text, message.get());
  TROUPE_CHECK(status.ok(), status.ToString());
  return message->SerializeAsString();
}

} // namespace troupe::admin
