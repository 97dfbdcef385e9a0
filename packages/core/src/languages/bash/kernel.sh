# The kernel: waits for a job on descriptor 3, then becomes the user's program or serves a context.
# Everything here is named __sandbox_*, so that it can be told from the user's own names.

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
  local raw=${__sandbox_rest:1} quote="\\'" backslash="\\\\\\\\" hexadecimal="\\x"
  raw=${raw%%\"*}
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
  local text line message before
  text=$(before=$LINENO; printf '%d\n' "$before"; eval "set -n; $1" 2>&1)
  before=${text%%$'\n'*}
  [[ ${text#*$'\n'} =~ line\ ([0-9]+):\ ([^$'\n']*) ]] || return
  line=$((BASH_REMATCH[1] - before + 1)) message=${BASH_REMATCH[2]}
  printf '{"type":"error","name":"SyntaxError","message":%s,"traceback":%s,"line":%d}\n' \
    "$(__sandbox_quote "$message")" \
    "$(__sandbox_quote "$2: line $line: $message")" "$line" >&3
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

# Serves a context. Every run is a child that starts with the state the last one has left in a file and leaves its own:
# so neither `exit` nor an interrupt ends the context.
__sandbox_run_context() {
  local name
  trap : INT
  __sandbox_state=$(mktemp "${TMPDIR:-/tmp}/.context.XXXXXXXXXX") || exit 1
  trap 'rm -f -- "$__sandbox_state"' EXIT
  __sandbox_names=" $(compgen -v | tr '\n' ' ') "
  while
    (__sandbox_run_in_context)
    printf '{"type":"done","id":%d,"exitCode":%d}\n' "${__sandbox_job[id]}" $? >&3
    __sandbox_read_job
  do :; done
}

__sandbox_run_in_context() {
  local code=${__sandbox_job[code]}
  trap - EXIT
  __sandbox_check_syntax "$code" "<run ${__sandbox_job[id]}>"
  :
}

declare -A __sandbox_job
__sandbox_read_job || exit 0
__sandbox_prepare
case ${__sandbox_job[mode]} in
  context) __sandbox_run_context ;;
  *) __sandbox_run_script ;;
esac
