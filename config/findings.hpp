#pragma once

#include "config/message.hpp"
#include "config/schema.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The parts of `validate`.
namespace troupe::config {

/// Gathers messages that have only a path.
class findings {
public:
  void error(std::string path, std::string text) {
    messages_.push_back(
        {severity::error, "", 0, 0, std::move(path), std::move(text)});
  }
  void warning(std::string path, std::string text) {
    messages_.push_back(
        {severity::warning, "", 0, 0, std::move(path), std::move(text)});
  }
  std::vector<message> take() { return std::move(messages_); }

private:
  std::vector<message> messages_;
};

/// "owner.field", or "field" at the top.
inline std::string below(const std::string& owner, std::string_view field) {
  return owner.empty() ? std::string{field} : owner + '.' + std::string{field};
}

/// "list[i]".
inline std::string at_index(const std::string& list, std::size_t i) {
  return list + '[' + std::to_string(i) + ']';
}

/// Admin endpoint, cluster, and what the nodes override.
void validate_daemon(const configuration& c, findings& out);
void validate_cluster(const configuration& c, findings& out);
/// Names, listeners and addresses that must be unique in the daemon.
void validate_names(const configuration& c, findings& out);
void validate_listeners(const configuration& c, findings& out);
void validate_peers(const configuration& c, findings& out);
/// TCP keys of neighbours with link-local addresses.
void validate_link_keys(const configuration& c, findings& out);
/// A router without its neighbours.
void validate_router(const configuration& c, std::size_t index, findings& out);
/// A neighbour by itself; `path` is its own.
void validate_neighbor(const router& r, const neighbor& n,
                       const std::string& path, findings& out);

/// Whether an AS number may stand for a real AS: not 0 (RFC 7607) and not
/// 23456 (RFC 6793).
bool is_usable(protocol::as_number as);

/// Whether two listeners cannot be bound at once.
bool overlap(const protocol::endpoint& a, const protocol::endpoint& b);

} // namespace troupe::config
