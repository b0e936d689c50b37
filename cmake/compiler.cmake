# Warnings, sanitizers and the compiler cache: one place for every target.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Precompiled headers are cached only with this sloppiness (ccache's manual).
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()

if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Sees a header in every file of a unity source but the last.
  add_compile_options(-Wno-subobject-linkage)
elseif(CMAKE_UNITY_BUILD)
  # Names of one file may hide those of another; g++ is more lenient there.
  set(more_lenient -Wno-shadow)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # What nobody calls costs memory, too: it lies between what is used.
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
endif()

add_library(troupe_options INTERFACE)
target_include_directories(troupe_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(troupe_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
  -Wswitch-enum -Wnon-virtual-dtor -Wold-style-cast -Werror ${more_lenient})

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees uninitialised members in any std::variant it inlines, and
  # overruns where a std::vector of known bytes grows.
  target_compile_options(troupe_options INTERFACE -Wno-maybe-uninitialized
    -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()

if(TROUPE_SANITIZE)
  # CAF 0.17 binds null references in init_fun_factory.hpp, hence no `null`;
  # `vptr` probes memory through a pipe and so fails where a test has used up
  # all descriptors.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null,vptr
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(TROUPE_SANITIZED=1)
endif()
# compiled_plainly(TARGET): what is not in the way of a route. It is not
# optimised under the sanitizers: what holds CAF compiles in half the time that
# way, and no test waits for it; else for its size.
function(compiled_plainly target)
  if(TROUPE_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_options(${target} PRIVATE -Os)
  endif()
endfunction()

if(TROUPE_TSAN)
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  add_compile_definitions(TROUPE_SANITIZED=1)
endif()
if(TROUPE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# troupe_library(NAME): a static library of every .cpp below this folder.
function(troupe_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp *.hpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC troupe_options ${ARGN})
endfunction()
