#include "protocol/fsm/link_peer.hpp"

#include <algorithm>
#include <utility>

namespace troupe::protocol::fsm {

link_peer::link_peer(std::uint64_t seed, const link_timing& timing)
    : timing_(timing), random_(seed) {}

void link_peer::begin(milliseconds now) {
  end();
  next_ = now;
}

void link_peer::end() {
  next_ = milliseconds::max();
  peer_.reset();
  strangers_ = false;
}

link_peer::hearing
link_peer::hear(const ip_address& from,
                const wire::router_advertisement& advertisement,
                milliseconds now) {
  if (peer_ && *peer_ != from && now < silent_from_)
    return std::exchange(strangers_, true) ? hearing::ignored
                                           : hearing::stranger;
  silent_from_ = now
                 + std::max<milliseconds>(advertisement.router_lifetime,
                                          timing_.shortest_silence);
  if (peer_ == from)
    return hearing::known;
  peer_ = from;
  strangers_ = false;
  return hearing::found;
}

// RFC 4861 §6.2.4: a random time between the least and the longest interval.
// Both are below MAX_INITIAL_RTR_ADVERT_INTERVAL, so the first ones are not
// sent more often.
link_peer::turn link_peer::advance(milliseconds now) {
  turn result;
  if (next_ <= now) {
    result.advertise = true;
    next_ = now + random_.jittered(timing_.longest_interval, {0.34, 1.0});
  }
  if (peer_ && now >= silent_from_) {
    result.lost = true;
    peer_.reset();
    strangers_ = false;
  }
  return result;
}

} // namespace troupe::protocol::fsm
