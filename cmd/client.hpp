#pragma once

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace troupe::cmd {

/// What went wrong, as one line for the operator.
struct client_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Talks to the admin endpoint of a daemon.
class client {
public:
  /// `url`: "http://HOST:PORT", "https://HOST:PORT" or "unix:/PATH".
  /// `token_file` may be empty: then that of a daemon on this host is taken
  /// where we may read it. `ca_file` may be empty: then the system's
  /// certificates are believed.
  client(std::string url, const std::string& token_file,
         std::string ca_file = {});

  /// The resource as JSON; throws client_error.
  nlohmann::json get(const std::string& path) const;
  /// Asks for a change; throws client_error.
  void post(const std::string& path, const nlohmann::json& body) const;

private:
  nlohmann::json checked(bool reached, int status,
                         const std::string& body) const;

  std::string url_;
  std::string token_;
  std::string ca_file_;
};

/// Text for a query string or path segment.
std::string percent_encoded(const std::string& text);

} // namespace troupe::cmd
