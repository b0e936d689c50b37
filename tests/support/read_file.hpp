#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>
#include <zlib.h>

namespace troupe::tests {

/// The bytes of a file, decompressed if it is a gzip file; nothing if it cannot
/// be read to its end. Meant for test data of known size: memory is not
/// bounded.
inline std::optional<std::vector<std::uint8_t>>
read_file(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr)
    return std::nullopt;
  std::vector<std::uint8_t> content;
  std::vector<std::uint8_t> chunk(std::size_t{1} << 16);
  int got = 0;
  while ((got = gzread(file, chunk.data(), 1U << 16)) > 0)
    content.insert(content.end(), chunk.begin(), chunk.begin() + got);
  const bool complete = got == 0 && gzclose(file) == Z_OK;
  if (got < 0)
    gzclose(file);
  if (!complete)
    return std::nullopt;
  return content;
}

/// Whether the environment says that this is a CI run, where real test data
/// must be there.
inline bool in_ci() {
  const char* value = std::getenv("CI");
  return value != nullptr && *value != '\0';
}

} // namespace troupe::tests
