# Run by cpack when the components are installed in folders of their own, before the packages are made.

set(directory ${CMAKE_CURRENT_LIST_DIR})
file(TIMESTAMP ${directory}/../../CHANGELOG.md day "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} key)
  set(package ${CPACK_DEBIAN_${key}_PACKAGE_NAME})
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  set(documents ${root}/share/doc/${package})
  file(MAKE_DIRECTORY ${documents})
  file(COPY_FILE ${directory}/copyright ${documents}/copyright)
  file(WRITE ${documents}/changelog "cnn (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}; what changed stands in NEWS.md.

 -- ${CPACK_PACKAGE_CONTACT}  ${day}\n")
  file(COPY_FILE ${directory}/../../CHANGELOG.md ${documents}/NEWS.md)
  file(GLOB_RECURSE manuals ${root}/share/man/*.[1-8])
  execute_process(COMMAND gzip -9n ${documents}/changelog ${documents}/NEWS.md ${manuals} COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB files ${documents}/*)
  file(CHMOD ${files} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endforeach()
