/** What the tools are called, unless the application named the code tool otherwise. */
export const toolNames: readonly string[] = [
  "execute_code",
  "execute_command",
  "list_sandbox_files",
  "read_sandbox_file",
  "write_sandbox_file",
];
