// A configuration as text: YAML if the first byte is 'y', else JSON. Nothing
// but the text is read.

#include "config/derive.hpp"
#include "config/diff.hpp"
#include "config/load.hpp"
#include "config/print.hpp"
#include "config/validate.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <algorithm>

using namespace troupe;
using fuzz::require;

namespace {

bool is_error(const config::message& m) {
  return m.level == config::severity::error;
}

/// What was accepted can be run, and is the same when printed and read again.
void check_accepted(const config::configuration& value) {
  const auto peer = protocol::ip_address::v4(0x7f000001);
  const auto found = config::validate(value);
  require(std::none_of(found.begin(), found.end(), is_error),
          "accepted, and validation finds an error");
  const auto again = config::load(config::print(value), "again.json");
  require(again.value.has_value(), "our own text is refused");
  require(*again.value == value, "printed and read again it differs");
  require(config::diff(value, *again.value).empty(), "a difference to itself");
  for (const auto& router : value.routers)
    for (const auto& neighbor : router.neighbors)
      static_cast<void>(config::fsm_settings(router, neighbor, peer));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view text{reinterpret_cast<const char*>(data + 1),
                              size - 1};
  const auto loaded =
      config::load(text, data[0] == 'y' ? "fuzz.yaml" : "fuzz.json");
  const bool wrong =
      std::any_of(loaded.messages.begin(), loaded.messages.end(), is_error);
  require(loaded.value.has_value() != wrong, "neither a value nor an error");
  if (loaded.value)
    check_accepted(*loaded.value);
  return 0;
}
