/** What to do without commands that are on many machines and not here. */
const instead: Readonly<Record<string, string>> = {
  bzip2: "gzip is here, and python3 has bz2",
  bunzip2: "gunzip is here, and python3 has bz2",
  bzcat: "zcat is here, and python3 has bz2",
  xz: "gzip is here, and python3 has lzma",
  unxz: "gunzip is here, and python3 has lzma",
  xzcat: "zcat is here, and python3 has lzma",
  zstd: "gzip is here, and python3 has compression.zstd",
  zgrep: "use zcat FILE | grep PATTERN",
  csplit: "use awk, or split",
  sqlite3: "python3 has the module sqlite3",
  perl: "use awk, sed, python3 or node",
  ruby: "use python3 or node",
  git: "there is no version control here; diff, patch and cp are",
  make: "run the steps from a script",
  gcc: "use python3 or node",
  cc: "use python3 or node",
  "g++": "use python3 or node",
  go: "use python3 or node",
  java: "use python3 or node",
  pip: "nothing can be installed here; Python's standard library is there",
  pip3: "nothing can be installed here; Python's standard library is there",
  npm: "nothing can be installed here; Node's own modules are there",
  npx: "nothing can be installed here; Node's own modules are there",
  apt: "nothing can be installed here",
  "apt-get": "nothing can be installed here",
  sudo: "there is one user, who may do all that can be done here",
  ssh: "this sandbox has no network",
  nc: "this sandbox has no network",
  docker: "there are no containers here",
  openssl: "sha256sum and base64 are here, and node has node:crypto",
  gpg: "node has node:crypto",
  parallel: "use xargs",
  watch: "use a loop with sleep",
  script: "redirect the output to a file",
  vim: "use sed, or write the file with cat",
  nano: "use sed, or write the file with cat",
  less: "use cat or head",
  more: "use cat or head",
  ps: "no other processes can be seen here",
  top: "no other processes can be seen here",
  free: "the limits of memory are not told here",
  nproc: "programs here have one processor",
};

/** How just-bash, which is bundled for browsers here, says that it has a command elsewhere. */
const notInBrowsers = /^bash: (\S+): command not available in browser environments\b.*$/gm;

/** What the shell says, with what to use in the place of a command that is not there. */
export function withAdvice(text: string): string {
  const plain = text.replaceAll(notInBrowsers, "bash: $1: command not found");
  return plain.replaceAll(/^bash: (\S+): command not found$/gm, (all, name: string) =>
    Object.hasOwn(instead, name) ? `${all} (in this sandbox: ${instead[name]})` : all,
  );
}
