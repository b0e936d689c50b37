#include "actors/transport/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

namespace troupe::transport {

poller::poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_)
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

int poller::watch(int fd, std::uint64_t id, std::uint32_t current,
                  std::uint32_t wanted) const {
  if (current == wanted)
    return 0;
  epoll_event watched{};
  watched.events = wanted;
  watched.data.u64 = id;
  auto operation = EPOLL_CTL_MOD;
  if (current == 0)
    operation = EPOLL_CTL_ADD;
  else if (wanted == 0)
    operation = EPOLL_CTL_DEL;
  return ::epoll_ctl(epoll_.get(), operation, fd, &watched) == 0 ? 0 : errno;
}

std::span<const epoll_event>
poller::wait(std::optional<std::chrono::nanoseconds> timeout) {
  using std::chrono::milliseconds;
  auto time = -1;
  if (timeout) {
    // Rounded up, so that a timer is due when the wait for it is over.
    auto ms = std::chrono::ceil<milliseconds>(*timeout).count();
    time = static_cast<int>(
        std::clamp<milliseconds::rep>(ms, 0, std::numeric_limits<int>::max()));
  }
  auto n = ::epoll_wait(epoll_.get(), events_.data(),
                        static_cast<int>(events_.size()), time);
  if (n < 0 && errno != EINTR)
    throw std::system_error(errno, std::generic_category(), "epoll_wait");
  return {events_.data(), static_cast<std::size_t>(std::max(n, 0))};
}

void timer_queue::arm(std::uint64_t id, clock::time_point at) {
  cancel(id);
  times_.emplace(id, at);
  order_.emplace(at, id);
}

void timer_queue::cancel(std::uint64_t id) {
  auto found = times_.find(id);
  if (found == times_.end())
    return;
  order_.erase({found->second, id});
  times_.erase(found);
}

std::optional<timer_queue::clock::time_point> timer_queue::next() const {
  if (order_.empty())
    return std::nullopt;
  return order_.begin()->first;
}

std::optional<std::uint64_t> timer_queue::take_due(clock::time_point now) {
  if (order_.empty() || order_.begin()->first > now)
    return std::nullopt;
  auto id = order_.begin()->second;
  cancel(id);
  return id;
}

} // namespace troupe::transport
