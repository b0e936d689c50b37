#include "actors/log/sink.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>

namespace troupe::log {

// -- capture_sink -------------------------------------------------------------

void capture_sink::write(const record& r, std::string_view line) {
  std::lock_guard guard(mutex_);
  records_.push_back(r);
  lines_.emplace_back(line);
}

std::vector<record> capture_sink::records() const {
  std::lock_guard guard(mutex_);
  return records_;
}

std::vector<std::string> capture_sink::lines() const {
  std::lock_guard guard(mutex_);
  return lines_;
}

void capture_sink::clear() {
  std::lock_guard guard(mutex_);
  records_.clear();
  lines_.clear();
}

// -- outputs ------------------------------------------------------------------

namespace {

/// Counts the lines that went through, so that somebody may wait for them.
class counting_sink : public spdlog::sinks::sink {
public:
  explicit counting_sink(spdlog::sink_ptr to) : to_(std::move(to)) {}

  void log(const spdlog::details::log_msg& line) override {
    struct counter {
      std::atomic<std::uint64_t>& lines;
      ~counter() {
        lines.fetch_add(1);
        lines.notify_all();
      }
    } count_also_failures{written_};
    to_->log(line);
    to_->flush();
  }
  void flush() override { to_->flush(); }
  void set_pattern(const std::string& pattern) override {
    to_->set_pattern(pattern);
  }
  void set_formatter(std::unique_ptr<spdlog::formatter> f) override {
    to_->set_formatter(std::move(f));
  }

  void wait_for(std::uint64_t lines) const {
    for (auto seen = written_.load(); seen < lines; seen = written_.load())
      written_.wait(seen);
  }

private:
  spdlog::sink_ptr to_;
  std::atomic<std::uint64_t> written_{0};
};

/// spdlog takes care of the writing; lines, levels and time are ours.
class output_sink : public sink {
public:
  output_sink(spdlog::sink_ptr to, const output& options)
      : to_(std::make_shared<counting_sink>(std::move(to))) {
    if (options.asynchronous) {
      pool_ = std::make_shared<spdlog::details::thread_pool>(options.queue, 1);
      logger_ = std::make_shared<spdlog::async_logger>(
          "troupe", to_, pool_, spdlog::async_overflow_policy::block);
    } else {
      logger_ = std::make_shared<spdlog::logger>("troupe", to_);
    }
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::trace);
  }
  output_sink(const output_sink&) = delete;
  output_sink& operator=(const output_sink&) = delete;
  ~output_sink() override {
    logger_.reset();
    pool_.reset(); // writes what waits
  }

  void write(const record&, std::string_view line) override {
    handed_over_.fetch_add(1);
    logger_->log(spdlog::level::info,
                 spdlog::string_view_t(line.data(), line.size()));
  }

  void flush() override { to_->wait_for(handed_over_.load()); }

private:
  std::shared_ptr<counting_sink> to_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::logger> logger_;
  std::atomic<std::uint64_t> handed_over_{0};
};

spdlog::sink_ptr open_target(const output& options) {
  switch (options.to) {
  case output::target::standard_error:
    return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  case output::target::standard_output:
    return std::make_shared<spdlog::sinks::stdout_sink_mt>();
  case output::target::file:
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.path);
  }
  throw spdlog::spdlog_ex("no such target");
}

} // namespace

sink_result open_output(const output& options) {
  try {
    return {std::make_shared<output_sink>(open_target(options), options), {}};
  } catch (const std::exception& e) { // spdlog's, made a value here
    return {nullptr, e.what()};
  }
}

} // namespace troupe::log
