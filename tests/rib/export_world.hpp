#pragma once

#include "tests/rib/export_support.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::rib::testing {

/// An export group between fake shards and receivers, with a mailbox between
/// shards and group, and bytes on their way to each member.
class export_world {
public:
  struct options {
    export_settings settings = accept_all_settings();
    export_limits limits;
    unsigned shards = 1;
    std::size_t batch = 1000;
  };
  struct member {
    member_index index{};
    std::unique_ptr<receiver> peer;
    std::size_t in_flight = 0;
  };

  explicit export_world(options o);
  ~export_world();
  export_world(const export_world&) = delete;
  export_world& operator=(const export_world&) = delete;

  attribute_pool pool;
  std::unique_ptr<export_group> group;
  std::map<unsigned, member> members; ///< by neighbour index

  /// A set with this content, alive as long as the world.
  attribute_ref set(const protocol::wire::path_attributes& attributes);

  // -- the shards' side ------------------------------------------------------
  void announce(const std::string& prefix, attribute_ref set, unsigned source,
                protocol::peer_kind kind = protocol::peer_kind::external);
  void announce(const protocol::prefix& p, const best_route& best);
  /// All candidates of a prefix, the best one first: set and source.
  void rank(const std::string& prefix,
            const std::vector<std::pair<attribute_ref, unsigned>>& candidates);
  void rank(const protocol::prefix& p, std::vector<best_route> candidates);
  void withdraw(const std::string& prefix);
  /// A shard puts its next batch into the mailbox; whether there was one.
  bool collect(unsigned shard);
  fake_shard& shard(unsigned i) { return shards_[i]; }

  // -- the exporter's side ---------------------------------------------------
  /// Handles one message of the mailbox and flushes.
  bool deliver(bool flush = true);
  /// Puts the answers to what the group asks into the mailbox.
  bool ask();
  /// A new incarnation of the exporter's actor over the same object.
  void restart();
  bool has_mail() const { return !mailbox_.empty(); }

  // -- the members' side -----------------------------------------------------
  /// `told_defaults`: of both families, by the group it was in before.
  member& join(unsigned neighbor, bool told_before = false,
               bool enhanced_refresh = false, std::uint32_t known_ids = 0,
               bool told_defaults = false);
  void leave(unsigned neighbor);
  bool pump(unsigned neighbor, std::size_t bytes = 1 << 20);
  bool written(unsigned neighbor);
  receiver& peer(unsigned neighbor) { return *members.at(neighbor).peer; }

  /// Runs until nothing moves any more. Members in `stalled` take nothing.
  void settle(const std::set<unsigned>& stalled = {});
  /// What a member must have been told, by the book.
  std::map<protocol::prefix, std::vector<byte_vector>>
  expected(unsigned neighbor) const;
  /// Every member's table, the views and the counters against the model; empty
  /// when all is right.
  std::string compare() const;
  /// Whether a path keeps its id since the last call, and no id means another
  /// path while a member knows the one before; empty when all is right.
  std::string check_ids();

private:
  struct mail {
    unsigned shard = 0;
    std::shared_ptr<const change_batch> batch;
  };
  unsigned shard_of(const protocol::prefix& p) const;
  /// Whether a default route of our own is told in its place.
  bool is_replaced(const protocol::prefix& p) const;
  /// A path as the neighbour it came from named it.
  using path_name = std::pair<neighbor_index, std::uint32_t>;

  bool may_tell(const best_route& route) const;
  std::optional<byte_vector> told(const protocol::prefix& p,
                                  const best_route& best) const;
  std::vector<best_route> chosen(protocol::family f, neighbor_index neighbor,
                                 const std::vector<best_route>& all) const;
  std::string check_ids(const protocol::prefix& p);
  std::string compare_views(unsigned neighbor) const;

  options options_;
  std::vector<fake_shard> shards_;
  std::deque<mail> mailbox_;
  std::map<attribute_ref, protocol::wire::path_attributes> sets_;
  std::vector<attribute_handle> handles_;
  std::vector<std::uint64_t> last_; // sequence delivered, by shard
  std::map<protocol::prefix, std::map<path_name, std::uint32_t>> ids_; // now
};

} // namespace troupe::rib::testing
