/** What every compilation is given: exceptions, a check of pointers, as nothing is wrong with address 0 here, and what is like a system. */
export const compiling: readonly string[] = [
  "-fwasm-exceptions",
  "-fsanitize=null",
  "-fno-sanitize-recover=null",
  ...["SIGNAL", "PROCESS_CLOCKS", "MMAN", "GETPID"].map((part) => `-D_WASI_EMULATED_${part}`),
];
