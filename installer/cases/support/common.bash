# Helpers of the cases. They run as root inside a real server; SITE_<NAME>, PIN, CONTROL, PROXY come from the driver.

# shellcheck disable=SC2034 # used by the cases
TOKEN=f7k2q1.9c0d8e7f6a5b4c3d
CA_PIN=sha256:$(printf 'a%.0s' {1..64})
INSTALL=/cases/install.sh
UNINSTALL=/cases/uninstall.sh
export CA_PIN INSTALL UNINSTALL

# install SITE [OPTION…]: the script as saved to a file, with the address of that site.
install_from() {
  local site=SITE_$1
  shift
  # shellcheck disable=SC2154 # PIN comes from the driver
  sh "$INSTALL" --server "${!site}" --pin "$PIN" --ca-pin "$CA_PIN" "$@" </dev/null
}

export -f install_from

# Everything an installer could have changed: path, kind, mode, owner, size, content. Without times of directories.
snapshot() {
  {
    find /etc /opt /usr /var/lib /root /srv /home -xdev ! -path '/var/lib/systemd/*' -printf '%p %y %m %U:%G %l\n'
    find /etc /opt /usr/local /var/lib /root -xdev -type f ! -path '/var/lib/systemd/*' -printf '%p changed %T@\n'
    find /etc /opt /usr/local /var/lib /root -xdev -type f ! -path '/var/lib/systemd/*' -exec sha256sum {} +
    find /tmp /run/lock -xdev ! -path '/tmp/bats*' -printf '%p\n'
  } | sort
}

# When the service's process began, and how often: unchanged means it was not touched.
service_identity() { systemctl show flotilla-agent --property MainPID,NRestarts,ExecMainStartTimestampMonotonic; }

# The fake agent writes what it saw as its last step before it idles; the service is up before that.
wait_for_file() {
  # shellcheck disable=SC2016 # for the inner shell
  timeout 20 sh -c 'until [ -s "$1" ]; do sleep 0.05; done' wait "$1"
}

wait_until_gone() {
  # shellcheck disable=SC2016 # for the inner shell
  timeout 20 sh -c 'while [ -e "$1" ]; do sleep 0.05; done' wait "$1"
}

# requests SITE: what that site was asked since it opened, one line each.
requests() { curl -fsS "http://$CONTROL/requests/$1"; }
connections() { curl -fsS "http://$CONTROL/connections/$1"; }

wipe() {
  systemctl disable --quiet --now flotilla-agent 2>/dev/null || true
  rm -rf /etc/systemd/system/flotilla-agent.service /opt/flotilla /etc/flotilla /var/lib/flotilla-agent \
    /usr/local/bin/flotilla-agent /opt/bin /run/fake-leave-fails
  systemctl daemon-reload
  systemctl reset-failed flotilla-agent 2>/dev/null || true
}

# Bats shows the output of a failed test only.
assert_exit() {
  # shellcheck disable=SC2154 # status and output are set by run
  [ "$status" -eq "$1" ] || {
    echo "exit code $status, not $1"
    echo "$output"
    return 1
  }
}

assert_says() {
  [[ $output == *"$1"* ]] || {
    echo "does not say: $1"
    echo "$output"
    return 1
  }
}

refute_says() {
  [[ $output != *"$1"* ]] || {
    echo "says: $1"
    echo "$output"
    return 1
  }
}

assert_same() { diff <(echo "$1") <(echo "$2"); }

# Runs the rest with another file in the place of FILE, in mounts of its own.
with_file() { # FILE REPLACEMENT COMMAND…
  local file=$1 replacement=$2
  shift 2
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount bash -c 'mount --bind "$1" "$(readlink -f "$2")" && shift 2 && "$@"' with_file "$replacement" "$file" "$@"
}
export -f with_file
