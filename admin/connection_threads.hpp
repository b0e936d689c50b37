#pragma once

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace troupe::admin {

/// A thread for each connection, up to a bound; as many again wait for one that
/// ends, and what is beyond is closed. So clients that hold their connections
/// for as long as they may keep nobody else from being served. A thread without
/// work ends after a while.
class connection_threads final : public httplib::TaskQueue {
public:
  explicit connection_threads(std::size_t most, std::chrono::milliseconds idle =
                                                    std::chrono::seconds{10})
      : most_(most), idle_time_(idle) {}

  void enqueue(std::function<void()> task) override;
  /// Returns when all tasks are done.
  void shutdown() override;

  /// From a task: there is no thread for it and too many wait, so it is only to
  /// close its connection.
  static bool is_refusing();

  /// Threads that there are now.
  std::size_t size() const;

private:
  struct worker {
    std::thread thread;
    bool ended = false;
  };
  void work(worker& self);
  void join_ended();

  const std::size_t most_;
  const std::chrono::milliseconds idle_time_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::list<worker> workers_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

} // namespace troupe::admin
