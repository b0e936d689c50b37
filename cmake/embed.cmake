# Writes OUTPUT, a C++ file with the files of the list FILES in it: what
# admin/page_files.hpp declares. Run as a script, so that it is made again when
# one of them has changed.
set(arrays "")
set(rows "")
set(number 0)
separate_arguments(FILES)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  if(extension STREQUAL ".html")
    set(path "/")
    set(type "text/html; charset=utf-8")
  elseif(extension STREQUAL ".css")
    set(path "/${name}")
    set(type "text/css; charset=utf-8")
  elseif(extension STREQUAL ".svg")
    set(path "/${name}")
    set(type "image/svg+xml")
  else()
    set(path "/${name}")
    set(type "text/javascript; charset=utf-8")
  endif()
  string(REPLACE "." "\\\\." path "${path}")
  file(READ ${file} content HEX)
  string(LENGTH "${content}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," content "${content}")
  string(APPEND arrays "constexpr char file_${number}[] = {${content}'\\0'};\n")
  string(APPEND rows
    "    {\"${path}\", \"${type}\", {file_${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"admin/page_files.hpp\"

namespace troupe::admin {

namespace {

${arrays}
} // namespace

const std::vector<page_file>& page_files() {
  static const std::vector<page_file> files{
${rows}  };
  return files;
}

} // namespace troupe::admin
")
