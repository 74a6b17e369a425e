/* What g++ 12's libstdc++ takes from glibc and glibc 2.31 does not have. */

#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

char __libc_single_threaded = 0; /* always as if there were threads: atomic counters, nothing else */

uint32_t arc4random(void) {
  uint32_t number;
  if (getrandom(&number, sizeof number, 0) != sizeof number) abort();
  return number;
}
