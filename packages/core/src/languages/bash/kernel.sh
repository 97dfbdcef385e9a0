eval "${BASH_EXECUTION_STRING#*$'\n'}"; while __sandbox_next_run; do (__sandbox_start_run; . "$__sandbox_state" 2>/dev/null; eval "${__sandbox_job[code]}"; __sandbox_end_run $?) 2>&8 3>&- 8>&-; __sandbox_done $?; done; exit

# The kernel of `bash -c`: waits for a job on descriptor 3, then becomes the user's program or serves a context.
# The first line defines what follows and then runs a context's code: so this has line numbers of its own, from 1,
# and `declare` at the top level declares no local variable. Everything here is named __sandbox_*.

# Reads one job line into the associative array __sandbox_job: "code", "argv.0", "env.HOME", …
__sandbox_read_job() {
  local LC_ALL=C # bytes: faster, and nothing can be an invalid character
  local line
  __sandbox_job=()
  IFS= read -r -u 3 line || return 1
  # JSON has no control characters of its own: these stand for \\ and \", so that every " left is a delimiter.
  line=${line//\\\\/$'\x01'}
  __sandbox_rest=${line//\\\"/$'\x02'}
  __sandbox_value ''
}

# Takes the JSON value at the start of __sandbox_rest and stores what it holds under the given path.
__sandbox_value() {
  local path=$1 key index=0
  case ${__sandbox_rest:0:1} in
    '"')
      __sandbox_string
      __sandbox_job[$path]=$REPLY
      ;;
    '{')
      __sandbox_rest=${__sandbox_rest:1}
      while [[ ${__sandbox_rest:0:1} == '"' ]]; do
        __sandbox_string
        key=$path${path:+.}$REPLY
        __sandbox_rest=${__sandbox_rest:1}
        __sandbox_value "$key"
        __sandbox_rest=${__sandbox_rest#,}
      done
      __sandbox_rest=${__sandbox_rest#\}}
      ;;
    '[')
      __sandbox_rest=${__sandbox_rest:1}
      while [[ -n $__sandbox_rest && ${__sandbox_rest:0:1} != ']' ]]; do
        __sandbox_value "$path.$index"
        index=$((index + 1))
        __sandbox_rest=${__sandbox_rest#,}
      done
      __sandbox_rest=${__sandbox_rest#]}
      ;;
    *)
      key=${__sandbox_rest%%[,\}\]]*}
      __sandbox_job[$path]=$key
      __sandbox_rest=${__sandbox_rest:${#key}}
      ;;
  esac
}

# Takes the JSON string at the start of __sandbox_rest; REPLY is its text.
__sandbox_string() {
  local raw=${__sandbox_rest:1} quote="\\'" backslash="\\\\" hexadecimal="\\x"
  # Split into words, which takes time linear in the text's length; removing a suffix takes quadratic time.
  local - IFS='"' parts
  set -f
  parts=($raw)
  raw=${parts[0]}
  __sandbox_rest=${__sandbox_rest:${#raw}+2}
  raw=${raw//\'/"$quote"}
  raw=${raw//\\u0000/} # no shell can hold a NUL
  raw=${raw//\\u00/"$hexadecimal"}
  raw=${raw//$'\x02'/'"'}
  raw=${raw//$'\x01'/"$backslash"}
  eval "REPLY=\$'$raw'"
}

# Prints text as a JSON string.
__sandbox_quote() {
  local LC_ALL=C text=$1 backslash="\\\\" quote='\"' newline='\n' tab='\t'
  text=${text//\\/"$backslash"}
  text=${text//\"/"$quote"}
  text=${text//$'\n'/"$newline"}
  text=${text//$'\t'/"$tab"}
  printf '"%s"' "${text//[$'\x01'-$'\x1f']/?}"
}

# Sends an `error` message when the code is no valid Bash; the shell itself prints its own words when it gets there.
__sandbox_check_syntax() {
  local line message first
  __sandbox_parse "$1" || return 0
  line=${BASH_REMATCH[1]} message=${BASH_REMATCH[2]}
  __sandbox_parse then && first=${BASH_REMATCH[1]} # an error in line 1 tells which number that is here
  line=$((line - first + 1))
  printf '{"type":"error","name":"SyntaxError","message":%s,"traceback":%s,"line":%d}\n' \
    "$(__sandbox_quote "$message")" \
    "$(__sandbox_quote "$2: line $line: $message")" "$line" >&3
}

# True when the code cannot be parsed; BASH_REMATCH then holds the line and the message.
__sandbox_parse() {
  local text
  text=$(eval "set -n; $1" 2>&1)
  [[ $text =~ line\ ([0-9]+):\ ([^$'\n']*) ]]
}

# Environment, folder and arguments of the job.
__sandbox_prepare() {
  local key
  __sandbox_arguments=()
  for key in "${!__sandbox_job[@]}"; do
    [[ $key =~ ^env\.([A-Za-z_][A-Za-z0-9_]*)$ ]] && export "${BASH_REMATCH[1]}=${__sandbox_job[$key]}"
    [[ $key =~ ^argv\.([0-9]+)$ ]] && __sandbox_arguments[BASH_REMATCH[1]]=${__sandbox_job[$key]}
  done
  [[ -z ${__sandbox_job[cwd]} ]] || cd -- "${__sandbox_job[cwd]}" || exit 1
  unset OLDPWD
}

# Becomes `bash main.sh`. Linux takes at most 128 KiB as one argument; longer code comes from a descriptor.
__sandbox_run_script() {
  local code=${__sandbox_job[code]}
  __sandbox_check_syntax "$code" "${__sandbox_job[filename]}"
  set -- "${__sandbox_job[filename]}" "${__sandbox_arguments[@]}"
  if ((${#code} < 30000)); then
    exec bash -c "$code" "$@" 3>&-
  fi
  exec bash -c '. /dev/fd/9' "$@" 3>&- 9<<<"$code"
}

# Prepares the next run of a context; false at the end. A run is a child that starts with the state which the last one has
# left in a file and leaves its own: so neither `exit` nor an interrupt ends the context.
__sandbox_next_run() {
  __sandbox_read_job || return 1
  if [[ -z ${__sandbox_state-} ]]; then
    __sandbox_prepare
    [[ ${__sandbox_job[mode]} == context ]] || __sandbox_run_script
    trap __sandbox_interrupted=1 INT
    exec 8>&2 2>/dev/null # the kernel's own complaints are nobody's concern
    __sandbox_state=$(mktemp "${TMPDIR:-/tmp}/.context.XXXXXXXXXX") || exit 1
    trap 'rm -f -- "$__sandbox_state"' EXIT
    __sandbox_first_names=$(compgen -v)
  fi
  __sandbox_interrupted=
  BASH_ARGV0="<run ${__sandbox_job[id]}>"
  __sandbox_check_syntax "${__sandbox_job[code]}" "$0"
}

__sandbox_start_run() {
  trap '__sandbox_keep_state; __sandbox_tell_jobs' EXIT
  trap 'exit 130' INT
}

__sandbox_end_run() {
  __sandbox_keep_state # now, for the code may have an EXIT trap of its own
  __sandbox_tell_jobs
  exit "$1"
}

# The next run is another child: it cannot wait for what this one has started, nor name it as a job.
__sandbox_tell_jobs() {
  local pid
  for pid in $(jobs -rp); do
    printf 'note: process %d goes on in the background; later runs know it by this number alone (kill %d): %s\n' \
      "$pid" "$pid" 'they cannot wait for it, and have no job %1' >&2
  done
  __sandbox_tell_jobs() { :; } # once
}

__sandbox_done() {
  if [[ -n $__sandbox_interrupted && $1 == 130 ]]; then
    printf '{"type":"error","name":"KeyboardInterrupt","message":"The run was interrupted.","traceback":"%s"}\n' \
      "KeyboardInterrupt: $0 was interrupted" >&3
  fi
  printf '{"type":"done","id":%d,"exitCode":%d}\n' "${__sandbox_job[id]}" "$1" >&3
}

# Writes variables, functions, aliases, options and the folder as commands that bring them back.
__sandbox_keep_state() {
  local __sandbox_name
  trap '' INT # the run is over: one more interrupt would only lose what is kept here
  {
    printf 'cd -- %q\n' "$PWD"
    for __sandbox_name in $(compgen -v); do
      [[ $__sandbox_name =~ ^(__sandbox_.*|_|BASH.*|COMP_.*|DIRSTACK|EPOCH.*|EUID|FUNCNAME|GROUPS|HISTCMD|LINENO|PIPESTATUS|PPID|PWD|RANDOM|SECONDS|SHELLOPTS|SRANDOM|UID)$ ]] ||
        declare -p -- "$__sandbox_name"
    done
    for __sandbox_name in $__sandbox_first_names; do
      [[ -v $__sandbox_name || $__sandbox_name == __sandbox_* ]] || printf 'unset -v %s\n' "$__sandbox_name"
    done
    alias -p
    for __sandbox_name in $(compgen -A function); do
      [[ $__sandbox_name == __sandbox_* ]] || declare -f -- "$__sandbox_name"
    done
    shopt -p
    shopt -po
  } >"$__sandbox_state.new" 2>/dev/null
  mv -f -- "$__sandbox_state.new" "$__sandbox_state"
  trap 'exit 130' INT # for the code's own EXIT trap
}

declare -A __sandbox_job
