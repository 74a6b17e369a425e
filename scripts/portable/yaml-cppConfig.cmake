# yaml-cpp as a static library, for make_tarball.sh.
add_library(yaml-cpp STATIC IMPORTED)
set_target_properties(yaml-cpp PROPERTIES IMPORTED_LOCATION ${CNN_STATIC_LIBRARIES}/libyaml-cpp.a)
