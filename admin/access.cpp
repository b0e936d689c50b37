#include "admin/access.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

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

/// Takes the same time wherever the texts differ.
bool equal_in_constant_time(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned char>(a[i])
                  ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
  return difference == 0;
}

/// 64 hexadecimal digits.
std::string random_token() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device device; // the kernel's
  std::string token;
  for (int i = 0; i < 8; ++i) {
    auto word = static_cast<std::uint32_t>(device());
    for (int j = 0; j < 8; ++j, word >>= 4U)
      token += digits[word & 15U];
  }
  return token;
}

std::string read_token(const std::string& path) {
  std::ifstream in{path};
  std::string token;
  std::getline(in, token);
  return token;
}

} // namespace

std::string token_file_of(const config::configuration& c) {
  const auto& said = c.admin.token_file;
  // Others are told of it, and work elsewhere.
  return std::filesystem::absolute(said.empty() ? c.data_dir + "/token" : said)
      .string();
}

std::optional<std::string> make_token(const std::string& path) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(),
                                      ignored);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        S_IRUSR | S_IWUSR);
  if (fd < 0 && errno == EEXIST)
    return std::nullopt;
  const auto failed = [&] {
    return "the token file " + path
           + " cannot be made: " + std::strerror(errno);
  };
  if (fd < 0)
    return failed();
  const auto text = random_token() + '\n';
  const bool written = ::write(fd, text.data(), text.size())
                       == static_cast<ssize_t>(text.size());
  auto error = written ? std::nullopt : std::optional{failed()};
  ::close(fd);
  if (!written)
    ::unlink(path.c_str());
  return error;
}

std::optional<refusal> access_rules::refuses(const httplib::Request& q,
                                             bool trusted) const {
  if (trusted)
    return std::nullopt;
  if (q.has_header("Host")
      && !is_plain_host(host_part(q.get_header_value("Host"))))
    return refusal{403, "the Host header names neither an address nor "
                        "localhost"};
  if (q.has_header("Origin")) {
    auto origin = q.get_header_value("Origin");
    if (const auto scheme = origin.find("://"); scheme != origin.npos)
      origin = origin.substr(scheme + 3);
    if (origin != q.get_header_value("Host"))
      return refusal{403, "requests of other origins are refused"};
  }
  return std::nullopt;
}

std::optional<refusal> access_rules::refuses_change(const httplib::Request& q,
                                                    bool trusted) const {
  if (trusted)
    return std::nullopt;
  const auto token = read_token(token_file_);
  if (token.empty())
    return refusal{403, "changes need the token of " + token_file_
                            + ", which cannot be read or is empty"};
  if (!equal_in_constant_time(q.get_header_value("Authorization"),
                              "Bearer " + token))
    return refusal{401, "changes need the token of " + token_file_};
  return std::nullopt;
}

} // namespace troupe::admin
