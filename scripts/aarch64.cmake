# Toolchain file: builds on Debian or Ubuntu for 64-bit ARM, by `cmake --toolchain scripts/aarch64.cmake`. It needs
# crossbuild-essential-arm64 and the libraries of arm64 (.github/CONTRIBUTING.md); with qemu-user also the tests run, slowly.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
find_program(CNN_QEMU NAMES qemu-aarch64 qemu-aarch64-static DOC "What runs programs of aarch64 here")
if(CNN_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${CNN_QEMU})
endif()
