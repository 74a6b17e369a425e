# What the commands tell of themselves, written while they are built and installed where shells look. Each command of
# CNN_COMMANDS has all of it.

# Commands built for another machine cannot be asked, unless something runs them here.
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  return()
endif()

set(documents)
# write_document(<file> <command> <argument>…): what the command prints
function(write_document file command)
  get_filename_component(directory ${file} DIRECTORY)
  file(MAKE_DIRECTORY ${directory})
  add_custom_command(OUTPUT ${file} COMMAND ${command} ${ARGN} > ${file} DEPENDS ${command} COMMENT "")
  set(documents ${documents} ${file} PARENT_SCOPE)
endfunction()

set(completions ${PROJECT_BINARY_DIR}/completions)
foreach(command IN LISTS CNN_COMMANDS)
  write_document(${completions}/bash/${command} ${command} --completion bash)
  write_document(${completions}/zsh/_${command} ${command} --completion zsh)
  write_document(${completions}/fish/${command}.fish ${command} --completion fish)
endforeach()
install(DIRECTORY ${completions}/bash/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(DIRECTORY ${completions}/zsh/ DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(DIRECTORY ${completions}/fish/ DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# Manual pages: of the commands by their --help, of the configuration by configs/README.md.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
  set(man ${PROJECT_BINARY_DIR}/man)
  file(MAKE_DIRECTORY ${man}/man1 ${man}/man5)
  string(TIMESTAMP today "%Y-%m-%d" UTC)  # or the day of SOURCE_DATE_EPOCH
  set(manual ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/manual.py)
  foreach(command IN LISTS CNN_COMMANDS)
    set(page ${man}/man1/${command}.1)
    add_custom_command(OUTPUT ${page} DEPENDS ${command} ${CMAKE_CURRENT_LIST_DIR}/manual.py COMMENT ""
      COMMAND ${manual} command ${PROJECT_VERSION} ${today} $<TARGET_FILE:${command}> ${CNN_COMMANDS} > ${page})
    list(APPEND documents ${page})
  endforeach()
  set(page ${man}/man5/cnn.yaml.5)
  add_custom_command(OUTPUT ${page} DEPENDS ${reference} ${CMAKE_CURRENT_LIST_DIR}/manual.py COMMENT ""
    COMMAND ${manual} keys ${PROJECT_VERSION} ${today} ${reference} ${CNN_COMMANDS} > ${page})
  list(APPEND documents ${page})
  install(DIRECTORY ${man}/ DESTINATION ${CMAKE_INSTALL_MANDIR})
endif()

add_custom_target(cnn_documents ALL DEPENDS ${documents})
