#include "cluster/lease.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace troupe::cluster {

// -- voter --------------------------------------------------------------------

voter::voter(std::string name, lease_times times, grant_book book,
             milliseconds now)
    : name_(std::move(name)), times_(times), book_(std::move(book)),
      silent_until_(now + times.at_the_voter()) {}

lease_answer voter::handle(const lease_request& request, milliseconds now) {
  std::erase_if(until_, [now](const auto& u) { return u.second <= now; });
  lease_answer answer{name_, request.asked, request.token, {}, {}, 0};
  if (now >= silent_until_)
    for (const auto& each : request.units) {
      const auto what = judge(request, each);
      if (what == verdict::outdated)
        answer.outdated.insert(each);
      if (what != verdict::granted)
        continue;
      answer.granted.insert(each);
      until_[each] = now + times_.at_the_voter();
      const grant_record record{request.node, request.token};
      changed_ = changed_ || book_[each] != record;
      book_[each] = record;
    }
  for (const auto& [what, record] : book_)
    answer.highest = std::max(answer.highest, record.token);
  return answer;
}

voter::verdict voter::judge(const lease_request& request,
                            const unit& what) const {
  const auto known = book_.find(what);
  const auto record = known != book_.end() ? known->second : grant_record{};
  const bool same = record.node == request.node;
  if (!same && until_.contains(what))
    return verdict::taken;
  // Of the same node and older: it was sent before what has come already.
  const bool fresh =
      same ? request.token >= record.token : request.token > record.token;
  return fresh ? verdict::granted : verdict::outdated;
}

void voter::handle(const lease_release& release) {
  for (const auto& each : release.units) {
    const auto found = book_.find(each);
    if (found == book_.end() || found->second.node != release.node
        || found->second.token > release.token)
      continue;
    // Nobody's, but never again by this token: a request that comes late must
    // not bring it back.
    found->second = {{}, release.token};
    until_.erase(each);
    changed_ = true;
  }
}

std::optional<grant_record> voter::holder_of(const unit& what,
                                             milliseconds now) const {
  const auto until = until_.find(what);
  if (until == until_.end() || until->second <= now)
    return std::nullopt;
  return book_.at(what);
}

// -- holder -------------------------------------------------------------------

holder::holder(std::string name, lease_times times,
               std::set<std::string> voters, cluster::token token)
    : name_(std::move(name)), times_(times), voters_(std::move(voters)),
      token_(token) {}

void holder::raise_token(cluster::token above) {
  if (token_ > above)
    return;
  token_ = above + 1;
  token_changed_ = true;
}

void holder::acquire(const std::set<unit>& units, milliseconds now) {
  bool more = false;
  for (const auto& each : units)
    more =
        claims_.try_emplace(each, claim_state{now, {}, false}).second || more;
  if (more)
    raise_token(token_);
}

lease_release holder::give_up(const std::set<unit>& units) {
  for (const auto& each : units)
    claims_.erase(each);
  return {name_, token_, units};
}

lease_request holder::request(milliseconds now) const {
  return {name_, token_, wanted(), now};
}

std::set<unit> holder::wanted() const {
  std::set<unit> all;
  for (const auto& [what, claim] : claims_)
    all.insert(all.end(), what);
  return all;
}

void holder::handle(const lease_answer& answer) {
  if (answer.token != token_ || !voters_.contains(answer.voter))
    return;
  for (const auto& each : answer.granted) {
    const auto found = claims_.find(each);
    if (found == claims_.end())
      continue;
    auto& vote = found->second.votes[answer.voter];
    vote = std::max(vote, answer.asked + times_.duration);
    found->second.held =
        found->second.held || end_of(found->second).has_value();
  }
  if (std::ranges::any_of(answer.outdated, [this](const unit& each) {
        return claims_.contains(each);
      }))
    raise_token(answer.highest);
}

void holder::note_absent(const std::string& voter, milliseconds now) {
  if (!voters_.contains(voter))
    return;
  for (auto& [what, claim] : claims_)
    if (holds(what, now)) {
      auto& vote = claim.votes[voter];
      vote = std::max(vote, now + times_.duration);
    }
}

/// When the last of a majority's words ends: of as many as are needed, those
/// that last longest.
std::optional<milliseconds> holder::end_of(const claim_state& what) const {
  const auto needed = voters_.size() / 2 + 1;
  if (what.votes.size() < needed)
    return std::nullopt;
  std::vector<milliseconds> ends;
  for (const auto& [voter, end] : what.votes)
    ends.push_back(end);
  std::ranges::sort(ends, std::greater{});
  return ends[needed - 1];
}

std::optional<milliseconds> holder::held_until(const unit& what) const {
  const auto found = claims_.find(what);
  return found == claims_.end() ? std::nullopt : end_of(found->second);
}

bool holder::holds(const unit& what, milliseconds now) const {
  const auto end = held_until(what);
  return end && now < *end;
}

std::set<unit> holder::lapsed(milliseconds now) {
  std::set<unit> gone;
  for (auto& [what, claim] : claims_) {
    std::erase_if(claim.votes,
                  [now](const auto& each) { return each.second <= now; });
    if (claim.held && !end_of(claim))
      gone.insert(what);
  }
  for (const auto& each : gone)
    claims_.erase(each);
  return gone;
}

std::set<unit> holder::in_vain(milliseconds now) const {
  std::set<unit> all;
  for (const auto& [what, claim] : claims_)
    if (!claim.held && now >= claim.since + times_.duration)
      all.insert(what);
  return all;
}

} // namespace troupe::cluster
