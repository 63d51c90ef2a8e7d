setup() {
  load /cases/support/common.bash
  wipe
}

# Fails with CODE and leaves the machine as it was.
fails_without_trace() { # CODE SITE [OPTION…]
  local code=$1 before
  shift
  before=$(snapshot)
  run install_from "$@" --token "$TOKEN"
  assert_exit 1
  assert_says "$code"
  assert_says 'Do this:'
  refute_says "$TOKEN"
  assert_same "$before" "$(snapshot)"
}

without_curl() { with_file /usr/bin/curl /dev/null "$@"; }

@test "another key than the pinned one: nothing is sent, nothing is run" {
  asked=$(requests GOOD | wc -l)
  greeted=$(connections GOOD)
  fails_without_trace PIN_MISMATCH GOOD --pin "sha256//$(printf 'A%.0s' {1..43})="
  assert_says 'Nothing on this machine was changed.'
  [ "$(requests GOOD | wc -l)" -eq "$asked" ]
  # It did reach the server: the key is what it stopped at.
  [ "$(connections GOOD)" -gt "$greeted" ]
}

@test "wget refuses another key too" {
  asked=$(requests GOOD | wc -l)
  run without_curl install_from GOOD --token "$TOKEN" --pin "sha256//$(printf 'A%.0s' {1..43})="
  assert_exit 1
  assert_says PIN_MISMATCH
  [ "$(requests GOOD | wc -l)" -eq "$asked" ]
}

@test "without curl, wget does it" {
  run without_curl install_from GOOD --token "$TOKEN" --no-start
  assert_exit 0
  assert_says '(pin ok)'
  [ -x /opt/flotilla/current/node ]
}

@test "wget names a file that is not there, and a cut download" {
  run without_curl install_from MISSING --token "$TOKEN"
  assert_exit 1
  assert_says 'HTTP_STATUS'
  assert_says 'answered 404'
  run without_curl install_from CUT --token "$TOKEN"
  assert_exit 1
  assert_says 'agent.cjs'
  [ ! -e /opt/flotilla ]
}

@test "without curl and wget the tool is named" {
  run without_curl with_file /usr/bin/wget /dev/null install_from GOOD --token "$TOKEN"
  assert_exit 1
  assert_says TOOL_MISSING
  assert_says 'install curl'
}

@test "a download that breaks off is tried again three times, then told" {
  before=$(requests CUT | grep -c agent.cjs || true)
  fails_without_trace DOWNLOAD_INCOMPLETE CUT
  [ "$(($(requests CUT | grep -c agent.cjs) - before))" -eq 3 ]
}

@test "a site that answers the third time is good enough" {
  run install_from FLAKY --token "$TOKEN" --dry-run
  assert_exit 0
}

@test "a changed file is thrown away" { fails_without_trace HASH_MISMATCH CORRUPT; }

@test "a file that is not there is told with its address" {
  fails_without_trace HTTP_STATUS MISSING
  assert_says '/agent/amd64/agent.cjs answered 404'
}

@test "a manifest of another shape is refused as a whole" { fails_without_trace MANIFEST_INVALID ODD_MANIFEST; }

@test "a manifest with a path for a name is refused" { fails_without_trace MANIFEST_INVALID PATH_MANIFEST; }

@test "an agent that does not run here is never switched to" {
  fails_without_trace RUNTIME_UNUSABLE UNUSABLE
  assert_says 'cannot load'
}

@test "no build for this architecture is exit 3" {
  run install_from NO_ARCH --token "$TOKEN"
  assert_exit 3
  assert_says ARCH_NOT_SERVED
}

@test "a server that is not there is told with what to check" {
  run sh "$INSTALL" --server https://127.0.0.1:9 --pin "$PIN" --ca-pin "$CA_PIN" --token "$TOKEN"
  assert_exit 1
  assert_says SERVER_UNREACHABLE
  assert_says 'firewall'
}

@test "a proxy is used, kept for the agent, kept by a later run, and removed when emptied" {
  https_proxy=http://$PROXY no_proxy=192.168.0.0/16 run install_from GOOD --token "$TOKEN"
  assert_exit 0
  tunnels=$(curl -fsS "http://$CONTROL/tunnels")
  [ -n "$tunnels" ]
  [ "$(stat -c %a /etc/flotilla/proxy.env)" = 600 ]
  grep -qx "https_proxy=\"http://$PROXY\"" /etc/flotilla/proxy.env
  wait_for_file /var/lib/flotilla-agent/machine.json
  grep -q "\"https_proxy\":\"http://$PROXY\"" /var/lib/flotilla-agent/seen.json
  grep -q '"no_proxy":"192.168.0.0/16"' /var/lib/flotilla-agent/seen.json

  run install_from GOOD
  assert_exit 0
  assert_says 'Nothing to change.'
  [ "$(curl -fsS "http://$CONTROL/tunnels" | wc -l)" -gt "$(echo "$tunnels" | wc -l)" ]

  https_proxy='' run install_from GOOD
  assert_exit 0
  [ ! -e /etc/flotilla/proxy.env ]
}

@test "a proxy that would break out of the file is refused and not repeated" {
  https_proxy='http://u:secret"@p' run install_from GOOD --token "$TOKEN"
  assert_exit 2
  assert_says PROXY_INVALID
  refute_says secret
  https_proxy='socks5://u:secret@p' run install_from GOOD --token "$TOKEN"
  assert_exit 2
  assert_says 'not http://host:port'
  refute_says secret
}
