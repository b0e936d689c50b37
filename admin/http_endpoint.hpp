#pragma once

#include "admin/client_stream.hpp"

#include <httplib.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace troupe::admin {

/// The certificate of an endpoint.
class tls_context {
public:
  /// Reads both files, PEM; throws std::runtime_error with what is wrong.
  tls_context(const std::string& certificate, const std::string& key);
  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  SSL_CTX* get() const { return context_; }

private:
  SSL_CTX* context_;
};

/// The library's server with deadlines for all that a client does, TLS or not,
/// and a thread for each connection.
class http_endpoint final : public httplib::Server {
public:
  /// Connections served at the same time.
  static constexpr std::size_t most_connections = 256;

  /// `tls` may be null; it outlives the endpoint.
  explicit http_endpoint(client_limits limits = {},
                         const tls_context* tls = nullptr);

  /// As `bind_to_port`; more clients may knock at the same time.
  bool bind(const std::string& host, int port);

  /// From a handler: its request is the last one of the connection, as not all
  /// of it was read.
  static void end_afterwards();
  /// From a handler: the answer has no end, like a stream of events.
  static void answer_is_endless();

private:
  bool process_and_close_socket(socket_t socket) override;
  void serve(client_stream& client);

  const client_limits limits_;
  const tls_context* tls_;
};

} // namespace troupe::admin
