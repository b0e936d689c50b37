#pragma once

#include "config/schema.hpp"

#include <httplib.h>

#include <optional>
#include <string>
#include <utility>

namespace troupe::admin {

/// Why a request is refused.
struct refusal {
  int status = 403;
  std::string why;
};

/// The file of the token that changes ask for; an absolute path.
std::string token_file_of(const config::configuration& configuration);

/// Makes the file with a random token, for nobody but us to read, unless it is
/// there. What is wrong, or nothing.
std::optional<std::string> make_token(const std::string& path);

/// Who may ask what of the endpoint (DESIGN §7). A Unix socket is trusted: its
/// file mode says who may use it.
class access_rules {
public:
  explicit access_rules(std::string token_file)
      : token_file_(std::move(token_file)) {}

  /// Why a request is refused, or nothing. Host and Origin are checked, so that
  /// no web page can reach the endpoint through a browser (DNS rebinding).
  std::optional<refusal> refuses(const httplib::Request& request,
                                 bool trusted) const;
  /// Why a change is refused, or nothing: it needs the token as
  /// "Authorization: Bearer TOKEN". The file is read each time, so a token can
  /// be replaced.
  std::optional<refusal> refuses_change(const httplib::Request& request,
                                        bool trusted) const;
  const std::string& token_file() const { return token_file_; }

private:
  std::string token_file_;
};

} // namespace troupe::admin
