#pragma once

#include "rib/export_log.hpp"
#include "rib/export_members.hpp"
#include "rib/export_paths.hpp"

#include <map>
#include <optional>
#include <vector>

namespace troupe::rib {

/// Who must hear what of the paths of a prefix. A member without a path in the
/// lists is told what all such are told; only the others are looked at one by
/// one.
class path_audience {
public:
  /// What is given must outlive it. Without ids (`has_ids`) a path takes the
  /// place of the one before.
  path_audience(export_log& log, const member_table& members,
                const path_choice& choice, bool has_ids)
      : log_(&log), members_(&members), choice_(choice), has_ids_(has_ids) {}

  /// Before anything is asked for a flush or an answer; what was returned for
  /// the last one must be in the log by now.
  void begin();
  /// The prefix to speak of: what the log says of it, and what it must say.
  void look_at(path_list before, path_list now);

  /// To whom the path at a place of `now` is news; none: to nobody.
  std::optional<admission> of_announcement(std::size_t place);
  /// Who must forget the path at a place of `before`.
  std::optional<admission> of_withdrawal(std::size_t place);
  /// Those of some members who are told the path at a place of `now`.
  std::optional<admission> of_present(const std::vector<member_slot>& some,
                                      std::size_t place);
  std::optional<admission> set_of(std::vector<member_slot> members);

private:
  bool is_news(std::size_t place, std::optional<neighbor_index> to) const;
  bool is_gone(std::size_t place, std::optional<neighbor_index> to) const;
  bool tells(path_list paths, std::size_t place,
             std::optional<neighbor_index> to) const {
    return to ? choice_.tells(paths, place, *to)
              : choice_.tells_others(paths, place);
  }
  bool tells_any(path_list paths, std::optional<neighbor_index> to) const;
  template <class Needs>
  std::optional<admission> those_who(const told_path& p, Needs needs);
  std::optional<admission> all_but(const std::vector<member_slot>& members);

  export_log* log_;
  const member_table* members_;
  path_choice choice_;
  bool has_ids_;
  path_list before_;
  path_list now_;
  std::vector<member_slot> owners_; // of paths in these
  std::map<std::vector<member_slot>, admission> sets_;
};

} // namespace troupe::rib
