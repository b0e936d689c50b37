#pragma once

#include "actors/log/record.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::log {

/// Where lines go. Called from any thread.
class sink {
public:
  virtual ~sink() = default;
  /// Takes one line without a line end. Must not throw.
  virtual void write(const record& r, std::string_view line) = 0;
  /// Returns when everything written before has left the process.
  virtual void flush() = 0;
};

/// Keeps everything, for tests.
class capture_sink : public sink {
public:
  void write(const record& r, std::string_view line) override;
  void flush() override {}

  std::vector<record> records() const;
  std::vector<std::string> lines() const;
  void clear();

private:
  mutable std::mutex mutex_;
  std::vector<record> records_;
  std::vector<std::string> lines_;
};

/// Where a daemon's lines go.
struct output {
  enum class target : std::uint8_t { standard_error, standard_output, file };
  target to = target::standard_error;
  /// Appended to; it and its folder are made if need be. Only for `file`.
  std::string path;
  /// Lines are written by a thread of the sink's own. When `queue` lines wait,
  /// writers wait: no line is lost.
  bool asynchronous = false;
  /// A place takes 400 octets, whether a line waits there or not.
  std::size_t queue = 512;
};

/// A sink, or why there is none.
struct sink_result {
  std::shared_ptr<log::sink> sink;
  std::string error;
};

/// Opens an output. A line has left the process when `write` returns, or, if
/// asynchronous, soon after; the destructor writes what waits. A failed write
/// is told on stderr, at most once a second, and the line is lost.
sink_result open_output(const output& options);

} // namespace troupe::log
