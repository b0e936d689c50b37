#include "cmd/run_marker.hpp"

#include <fstream>
#include <system_error>

namespace troupe::cmd {

run_marker::run_marker(const std::string& data_dir)
    : path_(std::filesystem::path{data_dir} / "running") {
  std::error_code failed;
  found_ = std::filesystem::exists(path_, failed);
  std::filesystem::create_directories(path_.parent_path(), failed);
  std::ofstream{path_};
}

void run_marker::remove() {
  std::error_code failed;
  std::filesystem::remove(path_, failed);
}

} // namespace troupe::cmd
