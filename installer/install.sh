#!/bin/sh
# Installs the Flotilla agent on this machine and enrolls it, or brings an installed agent up to date.
#
#   curl -fsSL --insecure --pinnedpubkey sha256//… https://SERVER/install.sh | sudo sh -s -- --token TOKEN
#   sudo sh install.sh --token-file FILE        keeps the token out of every process list; so does --token-stdin
#
# Option            Environment           What it does
# --token T         FLOTILLA_TOKEN        enrolment token, as `flotilla token create` prints it
# --token-file F    FLOTILLA_TOKEN_FILE   the token is the first line of F
# --token-stdin                           the token is the first line of standard input (script saved to a file first)
# --server URL      FLOTILLA_SERVER       https://host[:port] of the control plane
# --pin P           FLOTILLA_PIN          sha256//… of the server's public key: what every download is checked against
# --ca-pin P        FLOTILLA_CA_PIN       sha256:… of the fleet's CA key: what the agent checks before it enrolls
# --dry-run         FLOTILLA_DRY_RUN=1    print what would change, change nothing
# --no-start        FLOTILLA_NO_START=1   install, but do not enable or start the service
# --no-follow       FLOTILLA_NO_FOLLOW=1  do not show the join at the end
#
# http_proxy, https_proxy and no_proxy are used for the downloads and kept for the agent in /etc/flotilla/proxy.env.
# sudo drops them: write `sudo https_proxy=… sh`. Unset keeps what is stored, empty removes it.
# Exit code: 0 installed or nothing to change, 1 failed, 2 wrong usage, 3 this machine is not supported; when it shows
# the join at the end: 1 the join failed, 4 it still goes on after 15 minutes (the agent stays and tries on in both).
# A run that fails puts back whatever it had changed. Undo an installation: sudo sh /opt/flotilla/current/uninstall.sh
set -eu

usage() {
  cat <<'USAGE'
Usage: install.sh [--token T | --token-file F | --token-stdin] [--server URL] [--pin P] [--ca-pin P]
                  [--dry-run] [--no-start] [--no-follow] [--help]
Installs the Flotilla agent on this machine, or brings it up to date. The head of this script explains each option.
USAGE
}

# ---- what a person sees ------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
note() { printf '  note     %s\n' "$*"; }
change() { printf '  %-8s %-38s %s\n' "$1" "$2" "${3:-}"; }

# problem EXIT CODE REASON REMEDY: remembered, so that all that is wrong is told at once.
problem() {
  [ "$1" -le "${problem_exit:-0}" ] || problem_exit=$1
  problems="${problems:-}$(printf '\n  %-18s%s\n  %-18sDo this: %s' "$2" "$3" '' "$4")
"
}

stop_on_problems() {
  [ -z "${problems:-}" ] || exit "$problem_exit"
}

fail() {
  problem "$@"
  stop_on_problems
}

human_bytes() {
  awk -v n="$1" 'BEGIN { split("B KiB MiB GiB TiB", u, " "); i = 1; while (n >= 1024 && i < 5) { n /= 1024; i++ }
    printf (i == 1 || n >= 100) ? "%.0f %s" : "%.1f %s", n, u[i] }'
}

# Runs at every end. Whatever stands in the undo list was changed and not yet proven to work.
on_exit() {
  exit_code=$?
  trap - EXIT
  trap '' HUP INT TERM
  set +e
  [ "$exit_code" -eq 0 ] || undo_all
  [ -z "$work" ] || rm -rf "$work"
  [ -z "$stage" ] || rm -rf "$stage"
  [ "$exit_code" -eq 0 ] || undo_directories
  if [ -n "${problems:-}" ]; then
    printf '\nThe Flotilla agent was not installed.\n%s\n%s\n' "$problems" "$state_text" >&2
  elif [ "$exit_code" -gt 128 ]; then
    printf '\nInterrupted. %s\n' "$state_text" >&2
  elif [ "$exit_code" -ne 0 ]; then
    printf '\nStopped by the error above (exit code %s). %s\n' "$exit_code" "$state_text" >&2
  fi
  exit "$exit_code"
}

# ---- options -----------------------------------------------------------------------------------------------------

set_defaults() {
  PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  LC_ALL=C
  export PATH LC_ALL
  umask 077
  # Filled in by the server that hands out this script; an unfilled value begins with @ and must come as an option.
  server='@FLOTILLA_SERVER_URL@'
  pin='@FLOTILLA_PUBLIC_KEY_PIN@'
  ca_pin='@FLOTILLA_CA_PIN@'
  script_version='@FLOTILLA_AGENT_VERSION@'
  server=${FLOTILLA_SERVER:-$server}
  pin=${FLOTILLA_PIN:-$pin}
  ca_pin=${FLOTILLA_CA_PIN:-$ca_pin}
  token=${FLOTILLA_TOKEN:-}
  token_file=${FLOTILLA_TOKEN_FILE:-}
  dry_run=${FLOTILLA_DRY_RUN:-}
  no_start=${FLOTILLA_NO_START:-}
  no_follow=${FLOTILLA_NO_FOLLOW:-}
  token_sources=0
  [ -z "$token" ] || token_sources=1
  [ -z "$token_file" ] || token_sources=$((token_sources + 1))
  # No child process needs them.
  unset FLOTILLA_TOKEN FLOTILLA_TOKEN_FILE

  root_dir=/opt/flotilla
  etc_dir=/etc/flotilla
  state_dir=/var/lib/flotilla-agent
  unit_dir=/etc/systemd/system
  unit_name=flotilla-agent.service
  work='' stage='' undo='' undo_dirs='' undo_count=0 state_text='Nothing on this machine was changed.'
}

parse_options() {
  option_index=0
  while [ $# -gt 0 ]; do
    option_index=$((option_index + 1))
    case $1 in
    --token=* | --token-file=* | --server=* | --pin=* | --ca-pin=*)
      option_name=${1%%=*} option_value=${1#*=}
      ;;
    --token | --token-file | --server | --pin | --ca-pin)
      [ $# -gt 1 ] || bad_usage "$1 needs a value"
      option_name=$1 option_value=$2
      shift
      ;;
    --token-stdin | --dry-run | --no-start | --no-follow) option_name=$1 option_value=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    # The rest of the word may be a token: it is not repeated.
    -*) bad_usage "${1%%=*} is not an option" ;;
    *) bad_usage "word $option_index is not an option (a token goes after --token)" ;;
    esac
    shift
    case $option_name in
    --token) first_flag_token && token=$option_value ;;
    --token-file) first_flag_token && token_file=$option_value ;;
    --token-stdin) first_flag_token && token_file=- ;;
    --server) server=$option_value ;;
    --pin) pin=$option_value ;;
    --ca-pin) ca_pin=$option_value ;;
    --dry-run) dry_run=1 ;;
    --no-start) no_start=1 ;;
    --no-follow) no_follow=1 ;;
    esac
  done
  [ "$token_sources" -le 1 ] || bad_usage 'the token is given more than once'
}

# A token given by flag wins over the environment; two flags contradict each other.
first_flag_token() {
  [ -z "${token_by_flag:-}" ] || bad_usage 'the token is given more than once'
  token_by_flag=1 token='' token_file='' token_sources=1
}

bad_usage() {
  printf 'install.sh: %s\n' "$1" >&2
  usage >&2
  exit 2
}

check_options() {
  server=${server%/}
  matches "$server" 'https://([A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?' ||
    bad_value --server "$server" 'https://host or https://host:port'
  matches "$pin" 'sha256//[A-Za-z0-9+/]{43}=' || bad_value --pin "$pin" 'sha256// and 44 characters of base64'
  matches "$ca_pin" 'sha256:[0-9a-f]{64}' || bad_value --ca-pin "$ca_pin" 'sha256: and 64 hexadecimal digits'
}

bad_value() {
  case $2 in
  '' | @*) bad_usage "$1 is missing (this copy of the script was not handed out by a server)" ;;
  *) bad_usage "$1 must be $3" ;;
  esac
}

# matches TEXT REGEX: the whole text, one line only.
matches() {
  case $1 in *"
"*) return 1 ;; esac
  printf '%s\n' "$1" | grep -Eq "^($2)\$"
}

# From argument, environment, file or standard input into a shell variable: printf is a builtin, so it is in no argv.
take_token() {
  if [ "$token_file" = - ]; then
    IFS= read -r token || [ -n "$token" ] || fail 2 TOKEN_MISSING 'standard input is empty.' \
      'save this script to a file and run: sudo sh install.sh --token-stdin < FILE'
  elif [ -n "$token_file" ]; then
    if [ ! -f "$token_file" ] || [ ! -r "$token_file" ]; then
      fail 2 TOKEN_FILE_UNREADABLE "$token_file is not a file that can be read." 'give the path of the file with the token.'
    fi
    IFS= read -r token <"$token_file" || true
    [ -n "$token" ] || fail 2 TOKEN_MISSING "$token_file is empty." 'write the token into its first line.'
  fi
  [ -n "$token" ] || return 0
  if [ "${#token}" -gt 256 ] || ! matches "$token" '[a-z0-9]+\.[a-z0-9]+'; then
    fail 2 TOKEN_INVALID 'this is not an enrolment token (two groups of a-z and 0-9 with a dot between).' \
      'copy the whole line again that flotilla token create printed.'
  fi
}

# ---- this machine ------------------------------------------------------------------------------------------------

check_root() {
  [ "$(id -u)" -eq 0 ] || fail 1 NOT_ROOT 'installing a service needs root.' 'run the same line with sudo before sh: … | sudo sh -s -- …'
}

os_field() { sed -n "s/^$1=[\"']\\{0,1\\}\\([^\"']*\\)[\"']\\{0,1\\}\$/\\1/p" /etc/os-release 2>/dev/null | head -n 1; }

detect_host() {
  os_id=$(os_field ID)
  os_version=$(os_field VERSION_ID)
  os_name=$(os_field NAME)
  machine=$(uname -m)
  case $machine in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) arch='' ;;
  esac
  cpus=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo '?')
  memory_kib=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>/dev/null | sed -n '1s/^ldd (.*) \([0-9.]*\)$/glibc \1/p')
  free_kib=$(df -Pk "$(nearest_dir "$root_dir")" | awk 'NR == 2 { print $4 }')
}

nearest_dir() {
  nearest=$1
  while [ ! -d "$nearest" ]; do nearest=$(dirname "$nearest"); done
  printf '%s\n' "$nearest"
}

host_facts() {
  printf '%s %s, %s, %s cpu, %s, %s free' "${os_name:-unknown system}" "$os_version" "${arch:-$machine}" "$cpus" \
    "$(human_bytes $((memory_kib * 1024)))" "$(human_bytes $((free_kib * 1024)))"
}

check_host() {
  case $os_id:$os_version in
  ubuntu:22.04 | ubuntu:24.04 | ubuntu:26.04 | debian:12 | debian:12.* | debian:13 | debian:13.* | amzn:2023 | amzn:2023.*) ;;
  rhel:9 | rhel:9.* | rhel:10 | rhel:10.* | almalinux:9 | almalinux:9.* | almalinux:10 | almalinux:10.*) ;;
  rocky:9 | rocky:9.* | rocky:10 | rocky:10.*) ;;
  *) problem 3 OS_UNSUPPORTED "${os_name:-this system} ${os_version:-without a version} is not supported." \
    'use Ubuntu 22.04/24.04/26.04, Debian 12/13, RHEL, AlmaLinux or Rocky 9/10, or Amazon Linux 2023.' ;;
  esac
  if [ -z "$arch" ] || [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" != 64 ]; then
    problem 3 ARCH_UNSUPPORTED "$machine is not supported." 'use a 64-bit x86_64 or aarch64 system.'
  fi
  [ -d /run/systemd/system ] || problem 3 NO_SYSTEMD 'systemd is not running here.' \
    'boot this machine with systemd; a container is not a server.'
  case $libc in
  'glibc '*) printf '%s\n' "$libc" | awk '{ split($2, v, "."); exit !(v[1] > 2 || v[1] == 2 && v[2] >= 28) }' ||
    problem 3 LIBC_UNSUPPORTED "$libc is too old; 2.28 is needed." 'upgrade the operating system.' ;;
  *) problem 3 LIBC_UNSUPPORTED 'the C library is not glibc (musl?).' 'use a distribution with glibc 2.28 or newer.' ;;
  esac
  [ "$memory_kib" -ge 393216 ] || problem 3 MEMORY_LOW "$(human_bytes $((memory_kib * 1024))) of memory is too little." \
    'give this machine 2 GiB or more.'
  if command -v ldconfig >/dev/null 2>&1 && ! ldconfig -p | grep -q 'libstdc++\.so\.6'; then
    problem 1 LIBSTDCXX_MISSING 'libstdc++.so.6 is not installed.' 'install the package libstdc++6 (Debian, Ubuntu) or libstdc++ (RHEL, Amazon).'
  fi
  check_tools
  if [ "${problem_exit:-0}" -eq 3 ]; then
    printf 'Found: %s, %s, kernel %s\n' "$(host_facts)" "$libc" "$(uname -r)" >&2
  fi
  stop_on_problems
}

check_tools() {
  for tool in awk sed grep sha256sum gzip systemctl stat df mktemp mv sync; do
    command -v "$tool" >/dev/null 2>&1 || problem 1 TOOL_MISSING "$tool is not installed." "install the package that has $tool."
  done
  if command -v curl >/dev/null 2>&1; then
    downloader=curl
  elif command -v wget >/dev/null 2>&1 && wget --help 2>&1 | grep -q -e --pinnedpubkey; then
    downloader=wget
  else
    problem 1 TOOL_MISSING 'neither curl nor a wget with --pinnedpubkey is installed.' 'install curl.'
  fi
}

take_lock() {
  command -v flock >/dev/null 2>&1 || return 0
  # A directory that exists anyway: nothing is left behind.
  exec 9<"$unit_dir"
  flock -n 9 || fail 1 INSTALL_BUSY 'another installation or removal is running.' 'wait until it has ended.'
}

# ---- downloads: everything under the pin -------------------------------------------------------------------------

# Any proxy variable in the environment replaces what is stored; none at all keeps it.
load_proxies() {
  proxy_text='' proxy_source=environment
  if [ -z "${http_proxy+x}${https_proxy+x}${no_proxy+x}${HTTP_PROXY+x}${HTTPS_PROXY+x}${NO_PROXY+x}" ]; then
    proxy_source=stored
    [ -f "$etc_dir/proxy.env" ] || return 0
    for proxy_name in http_proxy https_proxy no_proxy; do
      proxy_value=$(sed -n "s/^$proxy_name=\"\\(.*\\)\"\$/\\1/p" "$etc_dir/proxy.env")
      [ -z "$proxy_value" ] || export "$proxy_name=$proxy_value"
    done
  fi
  http_proxy=${http_proxy:-${HTTP_PROXY:-}}
  https_proxy=${https_proxy:-${HTTPS_PROXY:-}}
  no_proxy=${no_proxy:-${NO_PROXY:-}}
  unset HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY all_proxy
  for proxy_name in http_proxy https_proxy no_proxy; do
    eval "proxy_value=\$$proxy_name"
    [ -n "$proxy_value" ] || continue
    # The text goes into a file that systemd reads: nothing that quotes, escapes or breaks a line. Not repeated: it may hold a password.
    matches "$proxy_value" '[][A-Za-z0-9._~:/?#@!&()*+,;=% -]{1,2048}' ||
      fail 2 PROXY_INVALID "$proxy_name has characters that a URL does not have." 'percent-encode them.'
    case $proxy_name:$proxy_value in
    no_proxy:* | *_proxy:http://*) ;;
    *) fail 2 PROXY_INVALID "$proxy_name is not http://host:port." 'give an HTTP proxy; it only carries encrypted traffic.' ;;
    esac
    export "${proxy_name?}"
    proxy_text="$proxy_text$proxy_name=\"$proxy_value\"
"
  done
}

# fetch PATH FILE: transient faults get three tries; a wrong key, an answer of the server or a full disk do not.
fetch() {
  fetch_try=1
  while :; do
    "fetch_with_$downloader" "$server$1" "$2" </dev/null
    [ -n "$fetch_code" ] || return 0
    case $fetch_code in SERVER_UNREACHABLE | DOWNLOAD_INCOMPLETE) ;; *) break ;; esac
    [ "$fetch_try" -lt 3 ] || break
    sleep "$fetch_try"
    fetch_try=$((fetch_try + 1))
  done
  fetch_detail=$(sed -n 's/^[a-z]*: //p' "$work/error" | grep -v -i '^warning' | tail -n 1)
  case $fetch_code in
  PIN_MISMATCH) fail 1 PIN_MISMATCH "$server shows another public key than $pin. Nothing was sent to it." \
    'someone may stand between; if the server has a new key, create a token again and use the new line.' ;;
  HTTP_STATUS) fail 1 HTTP_STATUS "$server$1 answered ${http_status:-with an error}." "check that $server is a Flotilla server." ;;
  DISK_FULL) fail 1 DISK_FULL "$2 cannot be written: ${fetch_detail:-no space left}." "free space in $(nearest_dir "$root_dir") and /tmp." ;;
  *) fail 1 "$fetch_code" "$server$1: ${fetch_detail:-no answer} (tried $fetch_try times)." \
    'check address, port, firewall and proxy (https_proxy, no_proxy) between this machine and the server.' ;;
  esac
}

fetch_with_curl() {
  fetch_exit=0 fetch_code=''
  # -q: no ~/.curlrc. Without -L a redirect is not followed.
  http_status=$(curl -q --silent --show-error --fail --http1.1 --proto '=https' --insecure --pinnedpubkey "$pin" \
    --connect-timeout 10 --speed-limit 1000 --speed-time 30 --dump-header "$work/headers" \
    --output "$2" --write-out '%{http_code}' "$1" 2>"$work/error") || fetch_exit=$?
  case $fetch_exit in
  0) [ "$http_status" = 200 ] || fetch_code=HTTP_STATUS ;;
  90) fetch_code=PIN_MISMATCH ;;
  22) fetch_code=HTTP_STATUS ;;
  23) fetch_code=DISK_FULL ;;
  18) fetch_code=DOWNLOAD_INCOMPLETE ;;
  *) fetch_code=SERVER_UNREACHABLE ;;
  esac
}

fetch_with_wget() {
  fetch_exit=0 fetch_code='' http_status=''
  wget --no-config --no-verbose --server-response --tries=1 --timeout=20 --max-redirect=0 --no-hsts --no-check-certificate \
    --pinnedpubkey="$pin" --output-document="$2" "$1" 2>"$work/error" || fetch_exit=$?
  sed -n 's/^  //p' "$work/error" >"$work/headers"
  case $fetch_exit in
  0) ;;
  3) fetch_code=DISK_FULL ;;
  5) fetch_code=PIN_MISMATCH ;;
  8) fetch_code=HTTP_STATUS http_status=$(sed -n 's/^HTTP\/[0-9.]* \([0-9]*\).*/\1/p' "$work/headers" | tail -n 1) ;;
  *) if grep -q 'does not match pinned' "$work/error"; then fetch_code=PIN_MISMATCH; else fetch_code=SERVER_UNREACHABLE; fi ;;
  esac
}

check_clock() {
  server_date=$(sed -n 's/^[Dd]ate: *//p' "$work/headers" | tr -d '\r' | tail -n 1)
  server_time=$(date -d "$server_date" +%s 2>/dev/null) && [ -n "$server_date" ] || return 0
  clock_off=$(($(date +%s) - server_time))
  [ "${clock_off#-}" -le 86400 ] || problem 1 CLOCK_WRONG \
    "the clock here says $(date -u '+%Y-%m-%d %H:%M'), the server's $(date -u -d "@$server_time" '+%Y-%m-%d %H:%M') (UTC)." \
    'sudo timedatectl set-ntp true, and wait for it; certificates do not work otherwise.'
}

# One file per line and one shape per line (docs in README.md): a line of any other shape refuses the whole manifest.
read_manifest() {
  fetch /agent/manifest.json "$work/manifest.json"
  check_clock
  name_re='[A-Za-z0-9][A-Za-z0-9._-]*' hash_re='[0-9a-f]{64}' size_re='[0-9]{1,10}'
  file_re="\\{\"name\":\"($name_re)\",\"mode\":\"0(644|755)\",\"sizeBytes\":($size_re),\"sha256\":\"($hash_re)\","
  file_re="$file_re\"download\":\\{\"name\":\"($name_re)\",\"encoding\":\"(identity|gzip)\",\"sizeBytes\":($size_re),\"sha256\":\"($hash_re)\"\\}\\},?"
  version=$(sed -n -E 's/^\{"schema":1,"version":"([0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?)","arches":\{$/\1/p' "$work/manifest.json")
  if [ -z "$version" ] || grep -qvE "^(\\{\"schema\":1,\"version\":\"[0-9A-Za-z.-]+\",\"arches\":\\{|\"[a-z0-9]+\":\\{\"files\":\\[|$file_re|\\]\\},?|\\}\\})\$" "$work/manifest.json"; then
    fail 1 MANIFEST_INVALID "$server/agent/manifest.json is not a manifest this script understands." 'fetch install.sh from the server again.'
  fi
  awk -v head="\"$arch\":{\"files\":[" '$0 == head { on = 1; next } /^\]/ { on = 0 } on' "$work/manifest.json" |
    sed -E "s#^$file_re\$#\\1 \\2 \\3 \\4 \\5 \\6 \\7 \\8#" >"$work/files"
  [ -s "$work/files" ] || problem 3 ARCH_NOT_SERVED "the server has no agent for $arch." "add the $arch build to the server."
  stop_on_problems
  for needed in node agent.cjs flotilla-agent "$unit_name" uninstall.sh; do
    grep -q "^$needed " "$work/files" || fail 1 MANIFEST_INVALID "the manifest does not name $needed." 'install a complete build on the server.'
  done
}

# ---- the plan: compare, print, change nothing --------------------------------------------------------------------

hash_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

is_same() { # FILE MODE SHA256
  [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %a "$1")" = "$2" ] && [ "$(hash_of "$1")" = "$3" ]
}

# Every line of $work/files gets what to do with it: keep, reuse (from the current version) or download.
plan_payload() {
  previous=$(readlink "$root_dir/current" 2>/dev/null || true)
  version_dir=$root_dir/$version
  : >"$work/plan"
  payload_changed='' needed_bytes=16777216 download_bytes=0
  while read -r name mode size sha from encoding from_size from_sha; do
    if is_same "$version_dir/$name" "$mode" "$sha"; then
      action=keep
    elif [ -n "$previous" ] && [ "$previous" != "$version" ] && is_same "$root_dir/$previous/$name" "$mode" "$sha"; then
      action=reuse payload_changed=1
    else
      action=download payload_changed=1
      needed_bytes=$((needed_bytes + size + from_size))
      download_bytes=$((download_bytes + from_size))
    fi
    echo "$action $name $mode $size $sha $from $encoding $from_size $from_sha" >>"$work/plan"
  done <"$work/files"
  link_changed=''
  [ "$previous" = "$version" ] || link_changed=1
  [ "$((free_kib * 1024))" -ge "$needed_bytes" ] || fail 1 DISK_FULL \
    "$(human_bytes $((free_kib * 1024))) free in $(nearest_dir "$root_dir"), $(human_bytes "$needed_bytes") needed." 'free some space.'
}

plan_config() {
  config_text=$(printf '{"server":"%s","caPin":"%s","publicKeyPin":"%s"}' "$server" "$ca_pin" "$pin")
  enrolled=''
  [ ! -e "$state_dir/machine.json" ] || enrolled=1
  installed_config=$(cat "$etc_dir/agent.json" 2>/dev/null || true)
  config_changed=''
  [ "$installed_config" = "$config_text" ] || config_changed=1
  if [ -n "$enrolled" ] && [ -n "$config_changed" ]; then
    case $installed_config in
    '' | *"\"caPin\":\"$ca_pin\""*) ;;
    *) fail 1 OTHER_FLEET "this machine already belongs to $(printf '%s' "$installed_config" | sed -n 's/.*"server":"\([^"]*\)".*/\1/p'), another Flotilla." \
      'leave it first: sudo sh /opt/flotilla/current/uninstall.sh' ;;
    esac
  fi
  token_changed=''
  if [ -n "$enrolled" ]; then
    [ -z "$token" ] || note 'this machine is enrolled and keeps its identity: the token is not used, and stays unspent.'
    token=''
  elif [ -n "$token" ]; then
    [ "$(cat "$etc_dir/token" 2>/dev/null || true)" = "$token" ] || token_changed=1
  elif [ ! -s "$etc_dir/token" ]; then
    fail 2 TOKEN_MISSING 'this machine is not enrolled and no token was given.' 'flotilla token create, and use the line that it prints.'
  fi
  proxy_changed=''
  [ "$proxy_source" = stored ] || [ "$(cat "$etc_dir/proxy.env" 2>/dev/null || true)" = "${proxy_text%?}" ] || proxy_changed=1
}

plan_service() {
  bin_dir=/usr/local/bin
  # Read-only on some systems; a launcher that is there already stays where it is.
  if [ ! -e "$bin_dir/flotilla-agent" ] && { [ -e /opt/bin/flotilla-agent ] || { [ -d "$bin_dir" ] && [ ! -w "$bin_dir" ]; }; }; then bin_dir=/opt/bin; fi
  launcher=$bin_dir/flotilla-agent
  launcher_changed='' unit_changed='' service_action=''
  is_same "$launcher" 755 "$(awk '$2 == "flotilla-agent" { print $5 }' "$work/plan")" || launcher_changed=1
  # With the launcher elsewhere the unit differs from the one in the manifest by that path only.
  unit_sum=$(awk -v n="$unit_name" '$2 == n { print $5 }' "$work/plan")
  if ! is_same "$unit_dir/$unit_name" 644 "$unit_sum"; then
    unit_changed=1
    [ ! -f "$unit_dir/$unit_name" ] || [ -n "$payload_changed$launcher_changed" ] || [ "$bin_dir" = /usr/local/bin ] ||
      [ "$(unit_text "$version_dir")" != "$(cat "$unit_dir/$unit_name")" ] || unit_changed=''
  fi
  changed="$payload_changed$link_changed$config_changed$token_changed$proxy_changed$launcher_changed$unit_changed"
  [ -z "$no_start" ] || return 0
  if ! systemctl is-active --quiet "$unit_name" 2>/dev/null; then
    service_action=start
  elif [ -n "$changed" ]; then
    service_action=restart
  fi
  systemctl is-enabled --quiet "$unit_name" 2>/dev/null || service_action="enable${service_action:+ and $service_action}"
}

unit_text() { sed "s|/usr/local/bin/flotilla-agent|$launcher|" "$1/$unit_name"; }

print_plan() {
  say "Flotilla agent $version -> ${server#https://} (pin ok), $(host_facts)"
  case $script_version in "$version" | @*) ;; *) note "this script is of $script_version; the server now has $version." ;; esac
  [ -z "$payload_changed" ] || change install "$version_dir" "$(human_bytes "$download_bytes") to download"
  [ -z "$link_changed" ] || change switch "$root_dir/current" "${previous:+$previous -> }$version"
  [ -z "$launcher_changed" ] || change write "$launcher"
  [ -z "$config_changed" ] || change write "$etc_dir/agent.json"
  [ -z "$token_changed" ] || change write "$etc_dir/token" 'removed when it is spent'
  [ -z "$proxy_changed" ] || change "$([ -n "$proxy_text" ] && echo write || echo remove)" "$etc_dir/proxy.env"
  [ -z "$unit_changed" ] || change write "$unit_dir/$unit_name"
  [ -z "$service_action" ] || change service "$unit_name" "$service_action"
}

# ---- changes: each is in the undo list before it is made ---------------------------------------------------------

make_dir() { # PATH MODE
  [ ! -d "$1" ] || return 0
  make_dir "$(dirname "$1")" 755
  undo_dirs="$1
$undo_dirs"
  mkdir -m "$2" "$1"
}

remember() { # PATH: as it is now, a link included
  undo_count=$((undo_count + 1))
  if [ -e "$1" ] || [ -L "$1" ]; then
    cp -Pp "$1" "$stage/undo/$undo_count"
    undo="$undo_count $1
$undo"
  else
    undo="- $1
$undo"
  fi
}

put() { # SOURCE PATH MODE: atomic, durable
  remember "$2"
  put_temp="$(dirname "$2")/.$(basename "$2").flotilla-new"
  undo="- $put_temp
$undo"
  { cp "$1" "$put_temp" && chmod "$3" "$put_temp" && sync "$put_temp" && mv -T "$put_temp" "$2"; } 2>"$work/error" ||
    fail 1 WRITE_FAILED "$2: $(tail -n 1 "$work/error")" 'free space, or make it writable.'
}

put_text() { # TEXT PATH MODE
  printf '%s\n' "$1" >"$work/text"
  put "$work/text" "$2" "$3"
}

undo_all() {
  undone=''
  while read -r undo_from undo_path; do
    [ -n "$undo_path" ] || continue
    undone=1
    if [ "$undo_from" = - ]; then
      rm -rf "$undo_path"
    else
      cp -Pp "$stage/undo/$undo_from" "$undo_path.flotilla-old" && mv -T "$undo_path.flotilla-old" "$undo_path" ||
        state_text="$undo_path could not be put back."
    fi
  done <<UNDO
$undo
UNDO
  [ -n "$undone" ] || return 0
  systemctl daemon-reload >/dev/null 2>&1
  [ -z "${was_enabled_by_us:-}" ] || systemctl disable --quiet "$unit_name" >/dev/null 2>&1
  if [ -n "${was_active:-}" ] && [ -n "${touched_service:-}" ]; then
    if systemctl restart "$unit_name" >/dev/null 2>&1; then
      state_text="Version $previous was put back and runs."
    else
      state_text="Version $previous was put back but does not start: journalctl -u $unit_name"
    fi
  elif [ "$state_text" = 'Nothing on this machine was changed.' ]; then
    state_text='Every change was taken back.'
  fi
}

undo_directories() {
  while read -r undo_path; do
    [ -z "$undo_path" ] || rmdir "$undo_path" 2>/dev/null
  done <<UNDO
$undo_dirs
UNDO
}

# The whole version is made and tried beside the installed one; only then does anything switch.
stage_payload() {
  make_dir "$root_dir" 755
  stage=$(mktemp -d "$root_dir/.staging.XXXXXX")
  mkdir "$stage/undo" "$stage/new"
  [ -n "$payload_changed" ] || return 0
  while read -r action name mode size sha from encoding from_size from_sha; do
    case $action in
    keep) reuse_file "$version_dir/$name" "$stage/new/$name" ;;
    reuse) reuse_file "$root_dir/$previous/$name" "$stage/new/$name" ;;
    download) download_file ;;
    esac
  done <"$work/plan"
  chmod 755 "$stage/new"
  try_payload
}

# A hard link costs nothing; installed files are never written in place.
reuse_file() { ln "$1" "$2" 2>/dev/null || cp -p "$1" "$2"; }

download_file() {
  fetch "/agent/$arch/$from" "$stage/download"
  check_hash "$stage/download" "$from_size" "$from_sha" "$server/agent/$arch/$from"
  case $encoding in
  gzip) gzip -dc <"$stage/download" >"$stage/new/$name" 2>"$work/error" ||
    fail 1 UNPACK_FAILED "$from: $(tail -n 1 "$work/error")" 'free some space and run this again.' ;;
  *) mv "$stage/download" "$stage/new/$name" ;;
  esac
  rm -f "$stage/download"
  check_hash "$stage/new/$name" "$size" "$sha" "$name"
  chmod "$mode" "$stage/new/$name"
}

check_hash() { # FILE SIZE SHA256 WHAT
  check_size=$(stat -c %s "$1")
  [ "$check_size" -ge "$2" ] || fail 1 DOWNLOAD_INCOMPLETE "$4 has $check_size of $2 bytes." 'run this again.'
  if [ "$check_size" != "$2" ] || [ "$(hash_of "$1")" != "$3" ]; then
    fail 1 HASH_MISMATCH "$4 is not what the manifest promises; it was thrown away." \
      'run this again; if it stays, the files on the server are damaged.'
  fi
}

try_payload() {
  if ! "$stage/new/node" "$stage/new/agent.cjs" version </dev/null >"$work/tried" 2>"$work/error"; then
    # Node.js prints much around the one line that says why.
    tried_text=$(grep -m 1 -E '(Error|error|denied|not found)' "$work/error" || head -n 1 "$work/error")
    fail 1 RUNTIME_UNUSABLE "the agent does not run here: ${tried_text##*"$stage"/new/}" \
      "see that $(nearest_dir /opt) is not mounted noexec, and that nothing on this machine forbids new programs."
  fi
}

install_payload() {
  [ -n "$payload_changed" ] || return 0
  sync -f "$stage/new" 2>/dev/null || sync
  if [ ! -e "$version_dir" ]; then
    undo="- $version_dir
$undo"
    mv -T "$stage/new" "$version_dir"
    return 0
  fi
  # The same version with other bytes (a build of one's own): file by file, each atomic.
  while read -r action name mode _; do
    [ "$action" = keep ] || put "$stage/new/$name" "$version_dir/$name" "$mode"
  done <"$work/plan"
}

apply_plan() {
  stage_payload
  was_active='' touched_service='' was_enabled_by_us=''
  ! systemctl is-active --quiet "$unit_name" 2>/dev/null || was_active=1
  install_payload
  if [ -n "$link_changed" ]; then
    remember "$root_dir/current"
    ln -sfn "$version" "$stage/current"
    mv -T "$stage/current" "$root_dir/current"
  fi
  make_dir "$bin_dir" 755
  [ -z "$launcher_changed" ] || put "$version_dir/flotilla-agent" "$launcher" 755
  make_dir "$etc_dir" 700
  [ -z "$config_changed" ] || put_text "$config_text" "$etc_dir/agent.json" 600
  [ -z "$token_changed" ] || put_text "$token" "$etc_dir/token" 600
  token=''
  if [ -n "$proxy_changed" ] && [ -n "$proxy_text" ]; then
    put_text "${proxy_text%?}" "$etc_dir/proxy.env" 600
  elif [ -n "$proxy_changed" ]; then
    remember "$etc_dir/proxy.env"
    rm -f "$etc_dir/proxy.env"
  fi
  if [ -n "$unit_changed" ]; then
    unit_text "$version_dir" >"$work/unit"
    put "$work/unit" "$unit_dir/$unit_name" 644
  fi
  if [ -e /sys/fs/selinux/enforce ] && command -v restorecon >/dev/null 2>&1; then
    restorecon -R "$root_dir" "$etc_dir" "$launcher" "$unit_dir/$unit_name" || note 'restorecon failed: SELinux labels are not set.'
  fi
}

apply_service() {
  [ -z "$unit_changed" ] || systemctl daemon-reload
  # systemd makes it when the service starts.
  [ -d "$state_dir" ] || undo_dirs="$state_dir
$undo_dirs"
  case $service_action in
  enable*)
    was_enabled_by_us=1
    systemctl enable --quiet "$unit_name" 2>"$work/error" || service_failed enable
    ;;
  esac
  case $service_action in
  *restart) touched_service=1 && { systemctl restart "$unit_name" 2>"$work/error" || service_failed restart; } ;;
  *start) touched_service=1 && { systemctl start "$unit_name" 2>"$work/error" || service_failed start; } ;;
  esac
}

service_failed() {
  journalctl --unit "$unit_name" --lines 5 --output cat --no-pager >&2 2>/dev/null || true
  [ -n "$was_active" ] || systemctl stop "$unit_name" >/dev/null 2>&1 || true
  fail 1 SERVICE_FAILED "systemctl $1 $unit_name: $(tail -n 1 "$work/error")" 'look at the lines above and at: systemctl status flotilla-agent'
}

# From here on the new state is the good one. The version before it stays for a rollback, older ones go.
commit() {
  undo='' undo_dirs=''
  [ -z "$link_changed" ] || [ -z "$previous" ] || ln -sfn "$previous" "$root_dir/previous"
  kept=$(readlink "$root_dir/previous" 2>/dev/null || true)
  for old_dir in "$root_dir"/[0-9]*.[0-9]*.[0-9]* "$root_dir"/.staging.*; do
    case $old_dir in
    "$version_dir" | "$root_dir/$kept" | "$stage") ;;
    *) [ ! -d "$old_dir" ] || rm -rf "$old_dir" ;;
    esac
  done
}

main() {
  set_defaults
  parse_options "$@"
  check_options
  trap on_exit EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  take_token
  check_root
  detect_host
  check_host
  take_lock
  load_proxies
  work=$(mktemp -d "${TMPDIR:-/tmp}/flotilla-install.XXXXXX")
  read_manifest
  plan_payload
  plan_config
  plan_service
  print_plan
  if [ -z "$changed$service_action" ]; then
    say 'Nothing to change.'
  elif [ -n "$dry_run" ]; then
    say 'Dry run: nothing was changed.'
  else
    apply_plan
    apply_service
    commit
  fi
  [ -z "$dry_run$no_start$no_follow" ] || return 0
  rm -rf "$work" "${stage:-$work}"
  trap - EXIT HUP INT TERM
  # Replaces this process and its arguments. A viewer only: the join goes on when it ends.
  exec "$launcher" status --follow --timeout 15m 9<&-
}

main "$@"
