#pragma once

#include "config/schema.hpp"

#include <httplib.h>

#include <optional>
#include <string>

namespace troupe::admin {

/// Who may ask what of the endpoint (DESIGN §7). A Unix socket is trusted: its
/// file mode says who may use it.
class access_rules {
public:
  explicit access_rules(const config::admin_config& configuration);

  /// Why a request is refused, or nothing. Host and Origin are checked, so that
  /// no web page can reach the endpoint through a browser (DNS rebinding).
  std::optional<std::string> refuses(const httplib::Request& request,
                                     bool trusted) const;
  /// Why a change is refused, or nothing: with a token_file it needs the token
  /// as "Authorization: Bearer TOKEN", without one it must come from this host.
  std::optional<std::string> refuses_change(const httplib::Request& request,
                                            bool trusted) const;

private:
  std::string token_file_;
};

} // namespace troupe::admin
