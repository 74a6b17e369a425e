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

add_custom_target(cnn_documents ALL DEPENDS ${documents})
