#pragma once

#include "actors/log/record.hpp"
#include "actors/log/render.hpp"
#include "actors/log/sink.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace troupe::log {

enum class format : std::uint8_t { json, text };

/// "json" or "text"; nothing for any other text.
std::optional<format> parse_format(std::string_view text);

/// The time that lines carry; a virtual one in simulations.
using wall_clock = std::function<std::chrono::system_clock::time_point()>;

struct logger_options {
  log::level level = level::info;
  log::format format = format::json;
  /// Hostname and pid are those of the process unless given.
  origin from;
  /// Must be safe to call from any thread; the system's clock unless given.
  wall_clock now;
};

/// Gives records their line and hands them to the sink. Every function may be
/// called from any thread.
class logger {
public:
  explicit logger(std::shared_ptr<sink> to, logger_options options = {});
  logger(const logger&) = delete;
  logger& operator=(const logger&) = delete;

  /// Whether a record of this level would be written.
  bool enabled(level l) const {
    return l >= level_.load(std::memory_order_relaxed);
  }
  /// Writes a record if its level is enabled.
  void write(const record& r);
  /// Returns when everything written before has left the process.
  void flush() { sink_->flush(); }

  level threshold() const { return level_.load(std::memory_order_relaxed); }
  void set_level(level l) { level_.store(l, std::memory_order_relaxed); }
  log::format line_format() const {
    return format_.load(std::memory_order_relaxed);
  }
  void set_format(format f) { format_.store(f, std::memory_order_relaxed); }

private:
  std::shared_ptr<sink> sink_;
  std::atomic<level> level_;
  std::atomic<format> format_;
  origin from_;
  wall_clock now_;
};

} // namespace troupe::log
