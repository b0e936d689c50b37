#pragma once

#include <string_view>
#include <vector>

namespace troupe::admin {

/// A file of the web page, as it is compiled in.
struct page_file {
  std::string_view path; ///< in the URL, a pattern of httplib
  std::string_view type; ///< media type
  std::string_view content;
};

/// All of them; the page itself has the path "/".
const std::vector<page_file>& page_files();

} // namespace troupe::admin
