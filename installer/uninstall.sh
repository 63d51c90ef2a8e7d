#!/bin/sh
# Removes the Flotilla agent from this machine: the machine leaves its cluster, every change to the host is undone, then
# the agent itself goes. What is left of it is listed at the end and must be nothing.
#
#   sudo sh /opt/flotilla/current/uninstall.sh
#
# --force     go on when leaving fails: the machine may stay listed in the fleet, and Kubernetes may stay on this machine
# --dry-run   print what would be done
# Exit code: 0 nothing of the agent is left, 1 failed (run it again), 2 wrong usage.
set -eu

usage() {
  cat <<'USAGE'
Usage: uninstall.sh [--force] [--dry-run] [--help]
Leaves the cluster, undoes every change to this machine and removes the Flotilla agent.
USAGE
}

say() { printf '%s\n' "$*"; }

fail() { # CODE REASON REMEDY
  printf '\nThe Flotilla agent was not removed.\n\n  %-18s%s\n  %-18sDo this: %s\n' "$1" "$2" '' "$3" >&2
  exit 1
}

set_defaults() {
  PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  LC_ALL=C
  export PATH LC_ALL
  root_dir=/opt/flotilla
  etc_dir=/etc/flotilla
  state_dir=/var/lib/flotilla-agent
  unit_dir=/etc/systemd/system
  unit_name=flotilla-agent.service
  force='' dry_run='' removed_any=''
}

parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --force) force=1 ;;
    --dry-run) dry_run=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      printf 'uninstall.sh: %s is not an option\n' "$1" >&2
      usage >&2
      exit 2
      ;;
    esac
    shift
  done
}

take_lock() {
  command -v flock >/dev/null 2>&1 || return 0
  exec 9<"$unit_dir"
  flock -n 9 || fail INSTALL_BUSY 'another installation or removal is running.' 'wait until it has ended.'
}

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

# Only what install.sh wrote counts as ours.
is_our_launcher() { [ -f "$1" ] && grep -q '/opt/flotilla/current/agent\.cjs' "$1"; }

find_launcher() {
  launcher=''
  for candidate in /usr/local/bin/flotilla-agent /opt/bin/flotilla-agent; do
    if is_our_launcher "$candidate"; then launcher=$candidate; fi
  done
}

# The agent knows what it changed (its journal) and undoes exactly that. Without a state directory it changed nothing.
leave() {
  [ -d "$state_dir" ] && [ -n "$(ls -A "$state_dir")" ] || return 0
  if [ -n "$dry_run" ]; then
    say '  leave    the cluster, and undo what the agent changed on this machine'
    return 0
  fi
  if [ -z "$launcher" ] || [ ! -x "$root_dir/current/node" ] || [ ! -f "$root_dir/current/agent.cjs" ]; then
    leave_failed 'the agent is damaged and cannot undo its changes.' 'install it again with the same server, then run this again; or --force.'
  elif ! "$launcher" leave --yes </dev/null 9<&-; then
    leave_failed 'flotilla-agent leave failed (see above).' 'cure what it names and run this again; or --force.'
  fi
}

leave_failed() {
  [ -n "$force" ] || fail LEAVE_FAILED "$1" "$2"
  say "  forced   $1"
  say '           Remove the machine in the fleet too: flotilla delete machine NAME --force'
}

remove() { # PATH
  [ -e "$1" ] || [ -L "$1" ] || return 0
  removed_any=1
  say "  remove   $1"
  [ -n "$dry_run" ] || rm -rf "$1"
}

# A directory that holds something of others (a control plane on the same machine) stays with it.
remove_empty_dir() {
  [ -z "$dry_run" ] && [ -d "$1" ] || return 0
  rmdir "$1" 2>/dev/null || say "  keep     $1: it holds files that are not the agent's"
}

remove_service() {
  [ -e "$unit_dir/$unit_name" ] || [ -L "$unit_dir/multi-user.target.wants/$unit_name" ] || return 0
  if has_systemd && [ -z "$dry_run" ]; then
    systemctl disable --quiet --now "$unit_name" 2>/dev/null || systemctl stop "$unit_name" 2>/dev/null || true
  fi
  remove "$unit_dir/$unit_name"
  remove "$unit_dir/multi-user.target.wants/$unit_name"
  if has_systemd && [ -z "$dry_run" ]; then
    systemctl daemon-reload
    systemctl reset-failed "$unit_name" 2>/dev/null || true
  fi
}

remove_files() {
  [ -z "$launcher" ] || remove "$launcher"
  for path in "$root_dir"/[0-9]*.[0-9]*.[0-9]* "$root_dir/current" "$root_dir/previous" "$root_dir"/.staging.*; do
    remove "$path"
  done
  for name in agent.json token proxy.env; do
    remove "$etc_dir/$name"
    remove "$etc_dir/.$name.flotilla-new"
  done
  remove "$state_dir"
  remove_empty_dir "$root_dir"
  remove_empty_dir "$etc_dir"
}

# Looked up afresh, not remembered.
list_remains() {
  for path in "$state_dir" "$root_dir"/[0-9]*.[0-9]*.[0-9]* "$root_dir/current" "$root_dir/previous" "$root_dir"/.staging.* \
    "$etc_dir/agent.json" "$etc_dir/token" "$etc_dir/proxy.env"; do
    if [ -e "$path" ] || [ -L "$path" ]; then say "$path"; fi
  done
  find /etc /run/systemd /opt/bin /usr/local /var/lib -xdev -name '*flotilla-agent*' 2>/dev/null || true
  for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" 2>/dev/null || true) in
    "$root_dir"/*) say "process ${process#/proc/} $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null | cut -c 1-80)" ;;
    esac
  done
  if has_systemd && systemctl list-units --all --plain --no-legend "$unit_name" 2>/dev/null | grep -q flotilla; then
    say "unit $unit_name"
  fi
}

prove() {
  remains=$(list_remains)
  if [ -n "$remains" ]; then
    printf '%s\n' "$remains" | sed 's/^/  left     /' >&2
    fail LEFTOVERS 'something of the agent is still here (listed above).' 'run this again.'
  fi
  if [ -n "$removed_any" ]; then
    say 'Nothing of the Flotilla agent is left on this machine.'
  else
    say 'Nothing to remove: the Flotilla agent is not on this machine.'
  fi
}

main() {
  set_defaults
  parse_options "$@"
  [ "$(id -u)" -eq 0 ] || fail NOT_ROOT 'removing a service needs root.' 'run it with sudo.'
  take_lock
  find_launcher
  leave
  remove_service
  remove_files
  if [ -n "$dry_run" ]; then
    say 'Dry run: nothing was changed.'
  else
    prove
  fi
}

main "$@"
