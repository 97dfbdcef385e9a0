// What ends a native program by a signal, and WebAssembly does not see: a pointer to nothing, a failed assertion; and the
// folder that a program is started in.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "ending.h"

extern "C" {

/** The compiler's check of a pointer, before it is used. */
[[noreturn]] void __ubsan_handle_type_mismatch_v1_abort(void*, uintptr_t) { sandbox_end_by(11); }

[[noreturn]] void __assert_fail(const char* condition, const char* file, int line, const char* function) {
  std::fflush(stdout);
  std::fprintf(stderr, "program: %s:%d: %s: Assertion `%s' failed.\n", file, line, function, condition);
  sandbox_end_by(6);
}

void abort() { sandbox_end_by(6); }

[[gnu::constructor(50)]] static void goToFolder() {
  const char* folder = std::getenv("PWD");
  if (folder) chdir(folder);
}

}  // extern "C"
