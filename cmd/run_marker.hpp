#pragma once

#include <filesystem>
#include <string>

namespace troupe::cmd {

/// A file in the data directory that stands while the daemon runs. It stays
/// behind a crash and behind an end that is to be a graceful restart, so that
/// the next run knows that peers may still keep its routes (RFC 4724 §4.1).
class run_marker {
public:
  /// Looks for the file, then makes it. A directory that cannot be written is
  /// no error: the next run does not know, and says so to nobody.
  explicit run_marker(const std::string& data_dir);

  /// Whether an earlier run did not say goodbye.
  bool found() const { return found_; }
  /// The peers were told that the routes are gone.
  void remove();

private:
  std::filesystem::path path_;
  bool found_ = false;
};

} // namespace troupe::cmd
