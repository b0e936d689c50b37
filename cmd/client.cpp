#include "cmd/client.hpp"

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <fstream>

namespace troupe::cmd {

using nlohmann::json;

namespace {

constexpr std::string_view unix_scheme = "unix:";

std::unique_ptr<httplib::Client> connect(const std::string& url,
                                         const std::string& ca_file) {
  std::unique_ptr<httplib::Client> http;
  if (url.starts_with(unix_scheme)) {
    http = std::make_unique<httplib::Client>(url.substr(unix_scheme.size()));
    http->set_address_family(AF_UNIX);
    http->set_default_headers({{"Host", "localhost"}});
  } else {
    http = std::make_unique<httplib::Client>(url);
  }
  if (!ca_file.empty())
    http->set_ca_cert_path(ca_file.c_str());
  http->set_connection_timeout(3);
  http->set_read_timeout(30);
  return http;
}

/// Whether the URL names this host by an address or its usual name.
bool is_local(const std::string& url) {
  const auto scheme = url.find("://");
  const auto host = scheme == url.npos ? url : url.substr(scheme + 3);
  const bool loopback_v4 =
      host.starts_with("127.")
      && host.find_first_not_of("0123456789.:/") == host.npos;
  return loopback_v4 || host.starts_with("[::1]")
         || host.starts_with("localhost:") || host == "localhost";
}

/// The file that a daemon says the token is in.
std::string token_file_in(const std::string& challenge) {
  constexpr std::string_view key = "token_file=\"";
  const auto begin = challenge.find(key);
  if (begin == challenge.npos)
    return {};
  const auto from = begin + key.size();
  return challenge.substr(from, challenge.find('"', from) - from);
}

/// The token of a daemon on this host, where we may read it. Whoever listens
/// there chooses the path, so nothing but a token is ever taken from it.
std::string local_token(const std::string& path) {
  constexpr std::size_t digits = 64;
  std::ifstream in{path};
  std::string line;
  std::getline(in, line);
  const bool is_token =
      line.size() == digits
      && std::all_of(line.begin(), line.end(), [](unsigned char c) {
           return std::isdigit(c) != 0 || (c >= 'a' && c <= 'f');
         });
  return is_token ? line : std::string{};
}

std::string first_line(const std::string& path) {
  if (path.empty())
    return {};
  std::ifstream in{path};
  std::string line;
  if (!std::getline(in, line))
    throw client_error("cannot read the token file " + path);
  return line;
}

} // namespace

client::client(std::string url, const std::string& token_file,
               std::string ca_file)
    : url_(std::move(url)), token_(first_line(token_file)),
      ca_file_(std::move(ca_file)) {}

json client::checked(bool reached, int status, const std::string& body) const {
  if (!reached)
    throw client_error("no daemon answers at " + url_
                       + "; start one with scripts/run, or name its admin "
                         "endpoint with --admin");
  auto tree = json::parse(body, nullptr, false);
  if (status >= 200 && status < 300 && !tree.is_discarded())
    return tree;
  std::string text = "status " + std::to_string(status);
  if (tree.is_object() && tree.contains("error")
      && tree["error"].contains("message"))
    text = tree["error"]["message"].get<std::string>();
  throw client_error("the daemon at " + url_ + " refuses: " + text);
}

json client::get(const std::string& path) const {
  const auto http = connect(url_, ca_file_);
  const auto result = http->Get(path.c_str());
  return checked(static_cast<bool>(result), result ? result->status : 0,
                 result ? result->body : std::string{});
}

void client::post(const std::string& path, const json& body) const {
  const auto http = connect(url_, ca_file_);
  const auto attempt = [&](const std::string& token) {
    httplib::Headers headers;
    if (!token.empty())
      headers.emplace("Authorization", "Bearer " + token);
    return http->Post(path.c_str(), headers, body.dump(), "application/json");
  };
  auto result = attempt(token_);
  if (result && result->status == 401 && token_.empty() && is_local(url_)) {
    const auto said = result->get_header_value("WWW-Authenticate");
    if (const auto found = local_token(token_file_in(said)); !found.empty())
      result = attempt(found);
  }
  checked(static_cast<bool>(result), result ? result->status : 0,
          result ? result->body : std::string{});
}

std::string percent_encoded(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.'
        || c == '~') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15U];
    }
  }
  return out;
}

} // namespace troupe::cmd
