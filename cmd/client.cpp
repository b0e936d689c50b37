#include "cmd/client.hpp"

#include <httplib.h>

#include <fstream>

namespace troupe::cmd {

using nlohmann::json;

namespace {

constexpr std::string_view unix_scheme = "unix:";

std::unique_ptr<httplib::Client> connect(const std::string& url) {
  std::unique_ptr<httplib::Client> http;
  if (url.starts_with(unix_scheme)) {
    http = std::make_unique<httplib::Client>(url.substr(unix_scheme.size()));
    http->set_address_family(AF_UNIX);
    http->set_default_headers({{"Host", "localhost"}});
  } else {
    http = std::make_unique<httplib::Client>(url);
  }
  http->set_connection_timeout(3);
  http->set_read_timeout(30);
  return http;
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

client::client(std::string url, const std::string& token_file)
    : url_(std::move(url)), token_(first_line(token_file)) {}

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
  const auto http = connect(url_);
  const auto result = http->Get(path.c_str());
  return checked(static_cast<bool>(result), result ? result->status : 0,
                 result ? result->body : std::string{});
}

void client::post(const std::string& path, const json& body) const {
  const auto http = connect(url_);
  httplib::Headers headers;
  if (!token_.empty())
    headers.emplace("Authorization", "Bearer " + token_);
  const auto result =
      http->Post(path.c_str(), headers, body.dump(), "application/json");
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
