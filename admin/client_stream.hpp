#pragma once

#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace troupe::admin {

/// How long a client may take, and how much it may say.
struct client_limits {
  std::chrono::milliseconds handshake{5000}; ///< of TLS
  std::chrono::milliseconds idle{5000};      ///< between two requests
  std::chrono::milliseconds headers{5000};   ///< from their first octet
  std::chrono::milliseconds answer{30000};   ///< from the end of the headers
  std::chrono::milliseconds endless_write{
      10000}; ///< each one of an event stream
  std::size_t header_octets = 64UL * 1024;
  std::size_t body_octets = 1024UL * 1024;
};

/// A client's connection, plain or with TLS. Every step has a deadline, however
/// slowly the client goes on: nobody holds a thread for longer than
/// `client_limits` allow.
class client_stream final : public httplib::Stream {
public:
  /// Takes the socket over. `tls` is null for plain HTTP. `stops` is asked now
  /// and then, from the same thread.
  client_stream(int socket, SSL_CTX* tls, client_limits limits,
                std::function<bool()> stops);
  ~client_stream() override;
  client_stream(const client_stream&) = delete;
  client_stream& operator=(const client_stream&) = delete;

  /// The handshake; false where it fails.
  bool open();
  /// Waits for the first octet of a request; false if none comes in time.
  bool wait_for_request();
  /// From here on the deadline for the headers runs.
  void begin_request();
  /// From here on that of the body and the answer.
  void headers_are_read();
  /// The answer has no end: from here on each write has a deadline of its own.
  void answer_is_endless() { endless_ = true; }
  /// No further request is taken from here.
  void end_afterwards() { ends_ = true; }
  /// Whether that was said, or a read has failed: what comes next would not be
  /// the beginning of a request.
  bool ends() const { return ends_; }
  /// Ends the connection so that the client can read what it was sent.
  void close();

  // -- httplib::Stream --------------------------------------------------------
  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

private:
  using time_point = std::chrono::steady_clock::time_point;

  /// Waits until the socket is ready for these events of poll(2).
  bool wait(short events) const;
  bool has_gone() const;
  ssize_t receive(char* to, std::size_t size);
  ssize_t transmit(const char* from, std::size_t size);
  /// Of a TLS call that returned this: what to wait for, or 0 at the end.
  short tls_wants(int result) const;
  void allow(std::chrono::milliseconds time);

  const int socket_;
  const client_limits limits_;
  const std::function<bool()> stops_;
  SSL* tls_ = nullptr;
  bool broken_ = false; ///< TLS has failed: it must not say goodbye
  bool endless_ = false;
  bool ends_ = false;
  time_point deadline_{};
  std::size_t may_read_ = 0; ///< octets
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0, end_ = 0; ///< of what is in the buffer
};

} // namespace troupe::admin
