# What `cpack -G DEB` makes of a build: cnn (commands, manuals, completions, examples), libcnn0 and libcnn-dev, and for each
# kind of MPI that was found cnn-openmpi and cnn-mpich, which nobody needs on one machine. The tree
# is to be configured with CMAKE_INSTALL_PREFIX=/usr, so that libraries go where Debian has them;
# scripts/make_packages.sh does all of it.

set(CNN_MAINTAINER "The cnn developers <cnn@packages.debian.org>" CACHE STRING "Whom the packages name: Name <address>")

# The examples find their data beside them, and their schema.
set(cnn_share ${CMAKE_INSTALL_DATADIR}/cnn)
install(DIRECTORY configs DESTINATION ${cnn_share} COMPONENT commands FILES_MATCHING PATTERN "*.yaml")
install(DIRECTORY data/digits data/samples data/shapes DESTINATION ${cnn_share}/data COMPONENT commands)
install(CODE "file(CREATE_LINK ../cnn.schema.json
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${cnn_share}/configs/cnn.schema.json\" SYMBOLIC)" COMPONENT commands)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cnn)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# The first line of each description; what a component says of itself is the rest.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_CONTACT ${CNN_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_COMPONENTS_ALL commands library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL TRUE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Manuals and changelogs compressed, copyright: what Debian wants and other systems do not.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian_files.cmake)

# OpenBLAS is loaded when a program runs, so dpkg-shlibdeps cannot know of it.
set(CPACK_DEBIAN_COMMANDS_PACKAGE_NAME cnn)
set(CPACK_DEBIAN_COMMANDS_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMMANDS_PACKAGE_SHLIBDEPS TRUE)
set(CPACK_DEBIAN_COMMANDS_PACKAGE_DEPENDS libopenblas0)
set(CPACK_COMPONENT_COMMANDS_DESCRIPTION "Data, network and training are described by one YAML file. cnn-train trains
on folders of pictures, CSV tables, IDX or CIFAR files; cnn-eval scores a
model, cnn-predict classifies pictures, cnn-export and cnn-import exchange
networks as ONNX. Results are the same bytes for any number of threads.
Examples with their data are in /usr/share/cnn.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libcnn${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS TRUE)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS libopenblas0)
file(CONFIGURE OUTPUT debian/triggers CONTENT "activate-noawait ldconfig\n")
file(CONFIGURE OUTPUT debian/shlibs
  CONTENT "libcnn ${PROJECT_VERSION_MAJOR} libcnn${PROJECT_VERSION_MAJOR} (>= ${PROJECT_VERSION})\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/triggers ${PROJECT_BINARY_DIR}/debian/shlibs)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "This package has the library of cnn-train and cnn-predict: it loads a model
and classifies any picture, and it trains from a YAML file.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcnn-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libcnn${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS
  "libgif-dev, libjpeg-dev, libpng-dev, libwebp-dev, libyaml-cpp-dev, zlib1g-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "This package has the headers, the static library, and files for CMake's
find_package(cnn) and pkg-config. Linking statically needs the suggested
packages, too.")

foreach(kind openmpi mpich)
  if(NOT TARGET cnn-mpi-${kind})
    continue()
  endif()
  string(TOUPPER ${kind} key)
  list(APPEND CPACK_COMPONENTS_ALL ${kind})
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME cnn-${kind})
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_${key}_PACKAGE_SHLIBDEPS TRUE)
  set(CPACK_DEBIAN_${key}_PACKAGE_DEPENDS "cnn (= ${PROJECT_VERSION})")
  set(CPACK_COMPONENT_${key}_DESCRIPTION "This package has the module with which cnn-train and cnn-eval run as several
ranks, on one machine or on several, under a launcher of this kind of MPI.")
endforeach()
set(CPACK_DEBIAN_OPENMPI_PACKAGE_RECOMMENDS openmpi-bin)
set(CPACK_DEBIAN_MPICH_PACKAGE_RECOMMENDS mpich)

include(CPack)
