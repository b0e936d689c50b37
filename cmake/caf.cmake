# Debian's CAF 0.17 ships neither CAFConfig.cmake nor a .pc file.
find_path(CAF_INCLUDE_DIR caf/all.hpp REQUIRED)
foreach(module core io openssl)
  find_library(CAF_${module}_LIBRARY caf_${module} REQUIRED)
  add_library(CAF::${module} UNKNOWN IMPORTED)
  set_target_properties(CAF::${module} PROPERTIES
    IMPORTED_LOCATION "${CAF_${module}_LIBRARY}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
endforeach()
target_link_libraries(CAF::core INTERFACE Threads::Threads)
target_link_libraries(CAF::io INTERFACE CAF::core)
target_link_libraries(CAF::openssl INTERFACE CAF::io)
