#pragma once

#include "config/reader.hpp"

#include <map>

namespace troupe::config {

/// Reads the neighbours of one router: each field from the neighbour itself,
/// else from its group, else from the router's defaults; timers, families and
/// other objects are merged field by field in the same way.
class neighbor_source {
public:
  /// `of_router` must outlive this object. Reports what is wrong in the
  /// defaults and groups themselves, so that it is told once.
  neighbor_source(const value& of_router, restart_mode default_mode);
  neighbor_source(const neighbor_source&) = delete;
  neighbor_source& operator=(const neighbor_source&) = delete;

  /// Reads one neighbour, as much of it as is right.
  void read(const value& own, neighbor& out);

private:
  /// A neighbour, or a template: only a neighbour has name, group and address.
  enum class purpose : std::uint8_t { a_neighbor, a_template };

  void check_template(const value& v);
  void read_fields(object_reader& in, neighbor& out, purpose what_for);
  /// Returns whether the neighbour is a range, be it a wrong one.
  bool read_identity(object_reader& in, neighbor& out);
  void read_families(object_reader& in, neighbor& out);
  void read_family(const std::vector<value>& layers, family_config& out);
  bool chain(const value& v, rib::chain_definition& out);

  value router_;
  std::optional<value> defaults_;
  std::optional<value> groups_;
  restart_mode default_mode_;
  /// Long lists that many neighbours inherit are read, and stored, once.
  std::map<const node*, rib::chain_definition> chains_;
};

} // namespace troupe::config
