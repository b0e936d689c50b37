#include "admin/http_endpoint.hpp"

#include "admin/connection_threads.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::admin {

namespace {

/// Connections that the kernel holds until they are accepted.
constexpr int backlog = 128;
constexpr std::size_t requests_per_connection = 1000;

/// Whose request this thread handles; handlers are given no connection.
thread_local client_stream* current_client = nullptr;

/// Before the body is read: the library would unpack it without a bound, search
/// it for forms for seconds, or give out parts of an answer many times over. A
/// request without a length has no body.
void leave_out_what_is_not_for_us(httplib::Request& q) {
  for (const char* header : {"Content-Encoding", "Content-Type", "Range"})
    q.headers.erase(header);
  q.ranges.clear();
  if (!q.has_header("Content-Length") && !q.has_header("Transfer-Encoding"))
    q.headers.emplace("Content-Length", "0");
}

std::string tls_error(const std::string& what, const std::string& file) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return what + ' ' + file + " cannot be used: " + text.data();
}

} // namespace

tls_context::tls_context(const std::string& certificate, const std::string& key)
    : context_(SSL_CTX_new(TLS_server_method())) {
  if (context_ == nullptr)
    throw std::runtime_error("TLS cannot be used");
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  std::string wrong;
  if (SSL_CTX_use_certificate_chain_file(context_, certificate.c_str()) != 1)
    wrong = tls_error("the certificate", certificate);
  else if (SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM)
           != 1)
    wrong = tls_error("the key", key);
  else if (SSL_CTX_check_private_key(context_) != 1)
    wrong = tls_error("the key", key);
  if (wrong.empty())
    return;
  SSL_CTX_free(context_);
  throw std::runtime_error(wrong);
}

tls_context::~tls_context() {
  SSL_CTX_free(context_);
}

http_endpoint::http_endpoint(client_limits limits, const tls_context* tls)
    : limits_(limits), tls_(tls) {
  set_payload_max_length(limits.body_octets);
  new_task_queue = [] { return new connection_threads(most_connections); };
  // What is behind a body that was not understood is no request.
  set_logger([](const httplib::Request&, const httplib::Response& r) {
    if (r.status == 400 || r.status == 413)
      end_afterwards();
  });
  // SO_REUSEPORT, the library's default, would hide a daemon that runs already.
  set_socket_options([](socket_t s) {
    const int yes = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
}

bool http_endpoint::bind(const std::string& host, int port) {
  return bind_to_port(host, port) && ::listen(svr_sock_, backlog) == 0;
}

void http_endpoint::end_afterwards() {
  if (current_client != nullptr)
    current_client->end_afterwards();
}

void http_endpoint::answer_is_endless() {
  if (current_client != nullptr)
    current_client->answer_is_endless();
}

bool http_endpoint::process_and_close_socket(socket_t socket) {
  if (connection_threads::is_refusing()) {
    ::close(socket);
    return false;
  }
  client_stream client{socket, tls_ != nullptr ? tls_->get() : nullptr, limits_,
                       [this] { return svr_sock_ == INVALID_SOCKET; }};
  if (!client.open())
    return false;
  current_client = &client;
  serve(client);
  current_client = nullptr;
  client.close();
  return true;
}

void http_endpoint::serve(client_stream& client) {
  for (auto left = requests_per_connection;
       left > 0 && client.wait_for_request(); --left) {
    client.begin_request();
    bool closed = false;
    const bool served =
        process_request(client, left == 1, closed, [&](httplib::Request& q) {
          client.headers_are_read();
          leave_out_what_is_not_for_us(q);
        });
    if (!served || closed || client.ends())
      return;
  }
}

} // namespace troupe::admin
