#include "actors/link_watch.hpp"

#include "protocol/wire/router_advertisement.hpp"

#include <cerrno>
#include <utility>

namespace troupe::actors {

namespace wire = protocol::wire;
using hearing = protocol::fsm::link_peer::hearing;

namespace {

/// ff02::1 (RFC 4861 §4.2).
const protocol::ip_address& all_nodes() {
  static const auto address = *protocol::ip_address::parse("ff02::1");
  return address;
}

std::vector<std::uint8_t> our_advertisement() {
  return wire::encode_router_advertisement({});
}

} // namespace

link_watch::link_watch(transport::transport& sockets, std::string interface,
                       std::uint64_t seed, transport::link_sink sink)
    : sockets_(sockets), interface_(std::move(interface)),
      sink_(std::move(sink)), peer_(seed) {}

link_watch::~link_watch() {
  close();
}

void link_watch::close() {
  if (link_)
    sockets_.close_link(*link_);
  link_.reset();
  index_ = 0;
  peer_.end();
}

/// Tells the operator of what keeps us waiting, unless it is what always does.
void link_watch::wait_for(std::string what, news& result) {
  if (waiting_for_ != what)
    result.warning = what;
  waiting_for_ = std::move(what);
}

link_watch::news link_watch::look(time now) {
  news result;
  if (!find_link(result, now))
    return result;
  const auto turn = peer_.advance(now);
  if (turn.advertise)
    advertise(result);
  if (turn.lost)
    result.warning =
        "no router advertisement came for too long on " + interface_;
  return result;
}

/// Whether there is a link, one that is opened just now included.
bool link_watch::find_link(news& result, time now) {
  const auto found = sockets_.find_interface(interface_);
  const bool usable = found && found->up;
  if (link_ && (!usable || found->index != index_)) {
    close();
    result.link_lost = true;
  }
  if (!usable)
    wait_for(found ? "interface " + interface_ + " is down"
                   : "there is no interface " + interface_,
             result);
  else if (!link_)
    open(result, now);
  return link_.has_value();
}

void link_watch::open(news& result, time now) {
  auto opened = sockets_.open_link(interface_, sink_);
  if (!opened.link)
    return wait_for(std::move(opened.message), result);
  const auto found = sockets_.find_interface(interface_);
  link_ = opened.link;
  index_ = found ? found->index : 0;
  waiting_for_ = "waiting for a router advertisement on " + interface_;
  peer_.begin(now);
}

void link_watch::advertise(news& result) {
  const auto error =
      sockets_.send_on_link(*link_, all_nodes(), our_advertisement());
  if (!error) {
    waiting_for_ = "waiting for a router advertisement on " + interface_;
    return;
  }
  peer_.not_sent();
  wait_for(error->error == EADDRNOTAVAIL
               ? "interface " + interface_ + " has no link-local address yet"
               : error->message + " on " + interface_,
           result);
}

link_watch::news link_watch::hear(const transport::link_message& m, time now) {
  news result;
  const auto read =
      wire::decode_router_advertisement({m.source, m.hop_limit, m.bytes});
  if (!read || m.link != link_)
    return result;
  switch (peer_.hear(m.source, *read, now)) {
  case hearing::found:
    // So that it need not wait for our next turn; the limit of RFC 4861 §6.2.6
    // is for those to all nodes. A lost one is followed by the next turn.
    sockets_.send_on_link(*link_, m.source, our_advertisement());
    break;
  case hearing::stranger:
    result.warning = "another router on " + interface_ + ": "
                     + to_string(m.source) + "; the neighbor stays "
                     + to_string(*peer_.address());
    break;
  case hearing::known:
  case hearing::ignored:
    break;
  }
  return result;
}

} // namespace troupe::actors
