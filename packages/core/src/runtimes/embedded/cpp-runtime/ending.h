#pragma once
// How a program tells that it ends in another way than by a code from 0 to 255 (child/endings.ts).
extern "C" {
[[noreturn]] void sandbox_proc_exit(unsigned int code) __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("proc_exit")));
}

[[noreturn]] inline void sandbox_end_for_memory() { sandbox_proc_exit(0x1000); __builtin_unreachable(); }
[[noreturn]] inline void sandbox_end_by(unsigned int signal) { sandbox_proc_exit(0x2000 + signal); __builtin_unreachable(); }
