#pragma once

#include "cluster/unit.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

// Who may own a unit: nodes that have the word of a majority of the voters, for
// a limited time. No log and no leader, as routes need neither. Pure: what is
// said, and when, comes in by calls; the time is that of the caller's own
// monotonic clock, and clocks of nodes are never compared.
//
// Why two nodes never own one unit at a time: a voter gives a unit to one node,
// and to another only when what it gave has ended by its own clock, `drift`
// later than by the owner's. Two majorities have a voter in common. A voter
// that has forgotten what it gave, as it started anew, gives nothing until all
// of that must have ended.
namespace troupe::cluster {

using milliseconds = std::chrono::milliseconds;

/// A lease by the clocks of those who give and those who hold it.
struct lease_times {
  /// As the owner counts, from when it asked.
  milliseconds duration{6000};
  /// As much longer the voter counts, from when it was asked: clocks that run
  /// at different speeds, by a tenth at most.
  milliseconds drift() const { return duration / 10; }
  milliseconds at_the_voter() const { return duration + drift(); }
  friend auto operator<=>(const lease_times&, const lease_times&) = default;
};

/// Asks a voter for units, or for more time with them.
struct lease_request {
  std::string node;
  cluster::token token = 0;
  std::set<unit> units;
  /// Comes back with the answer: when it was asked, by the asker's clock.
  milliseconds asked{};

  friend auto operator<=>(const lease_request&, const lease_request&) = default;
};

/// What a voter says.
struct lease_answer {
  std::string voter;
  milliseconds asked{}; ///< of the request
  cluster::token token = 0;
  std::set<unit> granted;
  /// They are free, and have had owners with a higher token than the request's.
  std::set<unit> outdated;
  cluster::token highest = 0; ///< that it knows of

  friend auto operator<=>(const lease_answer&, const lease_answer&) = default;
};

/// Gives units back before their time: their sockets are closed.
struct lease_release {
  std::string node;
  cluster::token token = 0;
  std::set<unit> units;

  friend auto operator<=>(const lease_release&, const lease_release&) = default;
};

/// What a voter must not forget: whom it gave a unit last, and by which token.
struct grant_record {
  std::string node;
  cluster::token token = 0;
  friend auto operator<=>(const grant_record&, const grant_record&) = default;
};
using grant_book = std::map<unit, grant_record>;

/// One vote of a cluster.
class voter {
public:
  /// It starts at `now`, with what it wrote down before, and gives nothing
  /// until all that it may have given then has ended.
  voter(std::string name, lease_times times, grant_book book, milliseconds now);

  /// What it says to a request. Where the book has changed the caller must have
  /// written it to disk before the answer goes out.
  lease_answer handle(const lease_request& request, milliseconds now);
  void handle(const lease_release& release);

  const grant_book& book() const { return book_; }
  /// Whether the book has changed since the last call.
  bool take_changed() { return std::exchange(changed_, false); }
  /// Until when it gives nothing.
  milliseconds silent_until() const { return silent_until_; }
  /// Who has a unit at this moment, as far as this voter knows.
  std::optional<grant_record> holder_of(const unit& what,
                                        milliseconds now) const;
  friend auto operator<=>(const voter&, const voter&) = default;

private:
  enum class verdict : std::uint8_t { granted, taken, outdated };
  verdict judge(const lease_request& request, const unit& what) const;

  std::string name_;
  lease_times times_;
  grant_book book_;
  std::map<unit, milliseconds> until_;
  milliseconds silent_until_{};
  bool changed_ = false;
};

/// A node that asks for units and holds them.
class holder {
public:
  /// `voters`: the names of all, itself included if it has a vote. `token`: the
  /// highest that it has used so far, from its disk.
  holder(std::string name, lease_times times, std::set<std::string> voters,
         cluster::token token);

  /// Wants these units as well, from `now` on. The request to be sent to all
  /// voters comes from `request`; its token must be on disk before that.
  void acquire(const std::set<unit>& units, milliseconds now);
  /// Gives units up: from now on it does not hold them. What is to be sent to
  /// all voters, once their sockets are closed.
  lease_release give_up(const std::set<unit>& units);
  /// What all voters are to be asked now, and again several times in each
  /// lease.
  lease_request request(milliseconds now) const;
  void handle(const lease_answer& answer);
  /// A voter was not running at `now`: its host has refused a connection that
  /// was begun then, not later. Whatever it will be asked, it gives nothing for
  /// one lease after its start, which was yet to come. So this counts as its
  /// word for what is held already.
  void note_absent(const std::string& voter, milliseconds now);

  /// Until when it owns a unit; nothing where it never did or has given it up.
  /// It must have stopped to act as its owner by then.
  std::optional<milliseconds> held_until(const unit& what) const;
  bool holds(const unit& what, milliseconds now) const;
  /// Units that were held and are not any more; each is told once. It does not
  /// ask for them until `acquire` is called again.
  std::set<unit> lapsed(milliseconds now);
  /// Units that were wanted for a whole lease and not given. Another one may
  /// have the word of other voters in the same way: whoever tries in vain must
  /// give up, and try again after a time that is his own.
  std::set<unit> in_vain(milliseconds now) const;
  const std::string& name() const { return name_; }
  cluster::token token() const { return token_; }
  /// Whether the token has changed since the last call.
  bool take_token_changed() { return std::exchange(token_changed_, false); }
  std::set<unit> wanted() const;
  friend auto operator<=>(const holder&, const holder&) = default;

private:
  struct claim_state {
    milliseconds since{};
    /// By voter: until when its word counts.
    std::map<std::string, milliseconds> votes;
    bool held = false;
    friend auto operator<=>(const claim_state&, const claim_state&) = default;
  };
  std::optional<milliseconds> end_of(const claim_state& what) const;
  void raise_token(cluster::token above);

  std::string name_;
  lease_times times_;
  std::set<std::string> voters_;
  cluster::token token_;
  bool token_changed_ = false;
  std::map<unit, claim_state> claims_;
};

} // namespace troupe::cluster
