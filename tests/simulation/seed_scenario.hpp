#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// The run that the seed log shows, and how our log is held against it.
namespace troupe::test {

/// One kind of record: addresses, numbers and identities are left out.
struct record_kind {
  std::string stream; ///< records of one stream have an order
  std::string text;
  int level = 0;
  std::vector<std::string> fields;
};

/// Makes records of both logs comparable: what differs from run to run is
/// replaced, and the seed's "thread" is left out (docs/log.md).
record_kind kind_of(const nlohmann::json& record);

/// The records of the seed log; empty where the file is not at hand.
std::vector<nlohmann::json> seed_records();

/// What of the seed log is not found in ours, in that order within each
/// stream, with its level and all its fields; empty if all is there.
std::vector<std::string> missing_from(const std::vector<nlohmann::json>& ours,
                                      const std::vector<nlohmann::json>& seed);

/// The configurations of the two routers; `base` is an address in front of
/// which ".1" and ".2" are put.
std::string seed_r1(const std::string& base, const std::string& next_hop,
                    bool announces);
std::string seed_r2(const std::string& base);

} // namespace troupe::test
