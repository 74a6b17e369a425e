# Modules with MPI in them, one for each kind whose compiler wrapper is there. Nothing links them: a command that a launcher
# has started loads its kind.
option(CNN_MPI "Build the modules for several ranks, for each kind of MPI that is found" ON)

find_program(CNN_OPENMPI_WRAPPER NAMES mpicc.openmpi mpicc DOC "Compiler wrapper of Open MPI")
find_program(CNN_MPICH_WRAPPER NAMES mpicc.mpich mpicc DOC "Compiler wrapper of MPICH")

# Of what a wrapper would run, all that matters to a compiler of C++. The wrappers found are those of this machine's MPI.
function(add_mpi_module kind wrapper header_macro)
  if(NOT CNN_MPI OR NOT wrapper OR CMAKE_CROSSCOMPILING)
    return()
  endif()
  execute_process(COMMAND ${wrapper} -show OUTPUT_VARIABLE line OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE code)
  if(code)
    return()
  endif()
  separate_arguments(words UNIX_COMMAND "${line}")
  set(includes ${words})
  list(FILTER includes INCLUDE REGEX "^-I")
  list(TRANSFORM includes REPLACE "^-I" "")
  set(links ${words})
  list(FILTER links INCLUDE REGEX "^-(L|l|Wl)")
  # `mpicc` may be that of either kind.
  set(CMAKE_REQUIRED_INCLUDES ${includes})
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("
    #define OMPI_SKIP_MPICXX 1
    #define MPICH_SKIP_MPICXX 1
    #include <mpi.h>
    #ifndef ${header_macro}
    #error another kind
    #endif
    int main() {}" CNN_HAS_${header_macro})
  if(NOT CNN_HAS_${header_macro})
    return()
  endif()
  set(target cnn-mpi-${kind})
  add_library(${target} MODULE base/mpi_module.cpp)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_definitions(${target} PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_include_directories(${target} SYSTEM PRIVATE ${includes})
  target_link_libraries(${target} PRIVATE cnn_options ${links})
  set_target_properties(${target} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin/${CNN_MODULES})
  add_dependencies(cnn-train ${target})
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/cnn COMPONENT ${kind})
  message(STATUS "Several ranks by ${kind}: ${wrapper}")
endfunction()

add_mpi_module(openmpi "${CNN_OPENMPI_WRAPPER}" OMPI_MAJOR_VERSION)
add_mpi_module(mpich "${CNN_MPICH_WRAPPER}" MPICH_VERSION)
