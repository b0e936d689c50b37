#include "actors/session.hpp"

namespace troupe::actors {

namespace fsm = protocol::fsm;

namespace {

bool is_link_local_v6(const protocol::ip_address& a) {
  return a.is_v6() && a.is_link_local();
}

} // namespace

void session::watch_link() {
  const auto me = handle_to_self();
  const auto seed = rib::mix(random_state_);
  link_.emplace(sockets(), self_.neighbor.interface, seed,
                [me](transport::link_message m) {
                  caf::anon_send(me, link_event{std::move(m)});
                });
  look_at_link();
}

void session::look_at_link() {
  follow(link_->look(milliseconds_now()));
  this->delayed_send(handle_to_self(), link_watch::period, link_look{});
}

/// A peer that says nothing any more stays while it has a connection: that has
/// timers of its own.
void session::follow(const link_watch::news& news) {
  if (!news.warning.empty())
    log().write(log::session_record(log::level::warn, news.warning, context()));
  if (news.link_lost)
    fail_connections();
  const auto& peer = link_->peer();
  if (peer != learned_ && (peer || connections_.empty()))
    use_peer(peer);
  if (!learned_ && last_attempt_ != link_->waiting_for()) {
    last_attempt_ = link_->waiting_for();
    report();
  }
}

/// Talks to this address from now on, or to nobody.
void session::use_peer(const std::optional<protocol::ip_address>& peer) {
  if (learned_)
    run(fsm::manual_stop{
        static_cast<std::uint8_t>(
            protocol::cease_subcode::other_configuration_change),
        {},
        true});
  learned_ = peer;
  peer_address_ = peer.value_or(*protocol::ip_address::parse("::"));
  peer_text_ =
      peer ? to_string(*peer) + '%' + self_.neighbor.interface : self_.neighbor.interface;
  fsm_.reconfigure(fsm_settings());
  if (!peer)
    return;
  last_end_.clear();
  last_attempt_.clear();
  log().write(log::session_record(log::level::info,
                                  "the neighbor is " + peer_text_, context()));
  if (self_.enabled)
    run(fsm::manual_start{});
  report();
}

/// Without its link no connection lasts; to wait for timers helps nobody.
void session::fail_connections() {
  std::vector<connection_id> all;
  for (const auto& [id, c] : connections_)
    all.push_back(id);
  for (const auto id : all)
    if (connections_.contains(id))
      run(fsm::tcp_connection_failed{id});
}

/// An unnumbered neighbour is the one that advertises itself, not whoever
/// connects over its link.
bool session::is_expected(const incoming_connection& m) const {
  return !link_ || m.remote.address == learned_;
}

void session::decline(const incoming_connection& m) {
  ++self_.counters->declined_connections;
  log().write(log::session_record(
      log::level::warn,
      "connection from " + to_string(m.remote) + " refused: "
          + (learned_ ? "the neighbor is " + peer_text_ : link_->waiting_for()),
      context()));
  sockets().close(m.socket);
}

/// The endpoint, with the scope of the neighbour's interface where it needs
/// one.
protocol::endpoint session::on_link(const protocol::ip_address& address,
                                    std::uint16_t port) const {
  if (!is_link_local_v6(address))
    return {address, port, 0};
  if (link_)
    return {address, port, link_->index()};
  const auto found =
      self_.environment->sockets.find_interface(self_.neighbor.interface);
  return {address, port, found ? found->index : 0};
}

} // namespace troupe::actors
