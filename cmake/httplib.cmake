# cpp-httplib as Debian packages it. Its library is built with TLS, and a
# Request has another layout then: whoever includes the header must say so, too.
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)
find_package(OpenSSL REQUIRED)
add_library(troupe_httplib INTERFACE)
target_link_libraries(troupe_httplib INTERFACE ${HTTPLIB_LIBRARY} OpenSSL::SSL
  OpenSSL::Crypto Threads::Threads)
target_compile_definitions(troupe_httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT)
