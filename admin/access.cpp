#include "admin/access.hpp"

#include <algorithm>
#include <fstream>

namespace troupe::admin {

namespace {

/// The host of "HOST", "HOST:PORT" or "[V6]:PORT".
std::string host_part(const std::string& text) {
  if (text.starts_with('['))
    return text.substr(1, text.find(']') - 1);
  const auto colon = text.rfind(':');
  return colon == text.npos || text.find(':') != colon ? text
                                                       : text.substr(0, colon);
}

/// An address or "localhost": names can be made to point anywhere.
bool is_plain_host(const std::string& host) {
  return host == "localhost" || protocol::ip_address::parse(host).has_value();
}

bool is_loopback(const std::string& address) {
  const auto parsed = protocol::ip_address::parse(address);
  return parsed && parsed->is_loopback();
}

/// Takes the same time wherever the texts differ.
bool equal_in_constant_time(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned char>(a[i])
                  ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
  return difference == 0;
}

std::string read_token(const std::string& path) {
  std::ifstream in{path};
  std::string token;
  std::getline(in, token);
  return token;
}

} // namespace

access_rules::access_rules(const config::admin_config& configuration)
    : token_file_(configuration.token_file) {}

std::optional<std::string> access_rules::refuses(const httplib::Request& q,
                                                 bool trusted) const {
  if (trusted)
    return std::nullopt;
  if (q.has_header("Host")
      && !is_plain_host(host_part(q.get_header_value("Host"))))
    return "the Host header names neither an address nor localhost";
  if (q.has_header("Origin")) {
    auto origin = q.get_header_value("Origin");
    if (const auto scheme = origin.find("://"); scheme != origin.npos)
      origin = origin.substr(scheme + 3);
    if (origin != q.get_header_value("Host"))
      return "requests of other origins are refused";
  }
  return std::nullopt;
}

std::optional<std::string>
access_rules::refuses_change(const httplib::Request& q, bool trusted) const {
  if (trusted)
    return std::nullopt;
  if (token_file_.empty()) {
    if (is_loopback(q.remote_addr))
      return std::nullopt;
    return "changes from other hosts need admin.token_file";
  }
  const auto token = read_token(token_file_);
  if (token.empty())
    return "the token file cannot be read or is empty";
  if (!equal_in_constant_time(q.get_header_value("Authorization"),
                              "Bearer " + token))
    return "the token is missing or wrong";
  return std::nullopt;
}

} // namespace troupe::admin
