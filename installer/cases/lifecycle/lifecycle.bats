setup() {
  load /cases/support/common.bash
  wipe
}

installed() {
  run install_from GOOD --token "$TOKEN"
  assert_exit 0
  wait_for_file /var/lib/flotilla-agent/machine.json
  wait_until_gone /etc/flotilla/token
}

@test "a first installation: files, modes, service, join shown" {
  installed
  assert_says "Flotilla agent 0.1.0 -> ${SITE_GOOD#https://} (pin ok), Debian GNU/Linux"
  assert_says 'status --follow --timeout 15m'
  [ "$(readlink /opt/flotilla/current)" = 0.1.0 ]
  [ "$(stat -c %a /etc/flotilla /etc/flotilla/agent.json /var/lib/flotilla-agent | tr '\n' ' ')" = '700 600 700 ' ]
  [ "$(cat /etc/flotilla/agent.json)" = "{\"server\":\"$SITE_GOOD\",\"caPin\":\"$CA_PIN\",\"publicKeyPin\":\"$PIN\"}" ]
  [ "$(stat -c '%a %U' /opt/flotilla /opt/flotilla/0.1.0 /opt/flotilla/0.1.0/node /usr/local/bin/flotilla-agent | sort -u)" = '755 root' ]
  systemctl is-active --quiet flotilla-agent
  systemctl is-enabled --quiet flotilla-agent
  # As one sees it: no stray files beside.
  [ "$(ls -A /opt/flotilla | tr '\n' ' ')" = '0.1.0 current ' ]
  [ -z "$(ls -d /tmp/flotilla-install.* 2>/dev/null)" ]
}

@test "systemd finds nothing to complain about in the unit, and a host that may not lower oom_score_adj still starts it" {
  installed
  run systemd-analyze verify /etc/systemd/system/flotilla-agent.service
  assert_exit 0
  refute_says 'flotilla-agent.service:'
  [ "$(systemctl show -P SubState flotilla-agent)" = running ]
  [ "$(systemctl show -P KillMode flotilla-agent)" = process ]
  grep -q '"--lite-mode","--max-semi-space-size=1","--max-old-space-size=64","--v8-pool-size=1"' /var/lib/flotilla-agent/seen.json
  grep -q '"umask":63' /var/lib/flotilla-agent/seen.json
}

@test "a service that dies comes back" {
  installed
  pid=$(systemctl show -P MainPID flotilla-agent)
  kill -9 "$pid"
  timeout 20 sh -c 'until [ "$(systemctl show -P NRestarts flotilla-agent)" = 1 ] && systemctl is-active --quiet flotilla-agent; do sleep 0.1; done'
}

@test "the line that a person pastes: script from the server under the pin, straight into sh" {
  run bash -c "curl -fsSL --insecure --pinnedpubkey '$PIN' '$SITE_GOOD/install.sh' | sh -s -- --token $TOKEN"
  assert_exit 0
  assert_says 'status --follow --timeout 15m'
  wait_for_file /var/lib/flotilla-agent/machine.json
}

@test "bash as sh does the same" {
  sed 's/^  sh /  bash --posix /' /cases/support/common.bash >"$BATS_TEST_TMPDIR/common.bash"
  source "$BATS_TEST_TMPDIR/common.bash"
  declare -f install_from | grep -q 'bash --posix'
  before=$(snapshot)
  run install_from CORRUPT --token "$TOKEN"
  assert_exit 1
  assert_says HASH_MISMATCH
  assert_same "$before" "$(snapshot)"
  run install_from NO_START --token "$TOKEN"
  assert_exit 1
  assert_same "$before" "$(snapshot)"
  installed
  run install_from GOOD
  assert_exit 0
  assert_says 'Nothing to change.'
  run install_from NEXT
  assert_exit 0
  run bash --posix "$UNINSTALL"
  assert_exit 0
  assert_same "$before" "$(snapshot)"
}

@test "the second run changes nothing and restarts nothing" {
  installed
  before=$(snapshot) service=$(service_identity)
  asked=$(requests GOOD | wc -l)
  run install_from GOOD --token "$TOKEN"
  assert_exit 0
  assert_says 'Nothing to change.'
  assert_says 'keeps its identity: the token is not used'
  assert_same "$before" "$(snapshot)"
  assert_same "$service" "$(service_identity)"
  [ "$(($(requests GOOD | wc -l) - asked))" -eq 1 ]
}

@test "a dry run prints the changes and makes none" {
  before=$(snapshot)
  run install_from GOOD --token "$TOKEN" --dry-run
  assert_exit 0
  assert_says '/opt/flotilla/0.1.0'
  assert_says '/etc/systemd/system/flotilla-agent.service'
  assert_says 'Dry run: nothing was changed.'
  assert_same "$before" "$(snapshot)"
}

@test "--no-start installs only" {
  run install_from GOOD --token "$TOKEN" --no-start
  assert_exit 0
  ! systemctl is-active --quiet flotilla-agent
  ! systemctl is-enabled --quiet flotilla-agent
  refute_says 'status --follow'
}

@test "an upgrade fetches only what differs, restarts once, keeps one version to go back to" {
  installed
  inode=$(stat -c %i /opt/flotilla/0.1.0/node)
  run install_from NEXT
  assert_exit 0
  [ "$(requests NEXT | sort -u | tr '\n' ' ')" = 'GET /agent/amd64/agent.cjs GET /agent/manifest.json ' ]
  [ "$(readlink /opt/flotilla/current)" = 0.2.0 ]
  [ "$(readlink /opt/flotilla/previous)" = 0.1.0 ]
  # The runtime is the same bytes on disk, not a second copy.
  [ "$(stat -c %i /opt/flotilla/0.2.0/node)" = "$inode" ]
  [ -e /var/lib/flotilla-agent/machine.json ]
  systemctl is-active --quiet flotilla-agent

  run install_from AFTER
  assert_exit 0
  [ "$(ls -A /opt/flotilla | tr '\n' ' ')" = '0.2.0 0.3.0 current previous ' ]

  # Back again: everything is still there.
  run install_from NEXT
  assert_exit 0
  [ "$(readlink /opt/flotilla/current)" = 0.2.0 ]
  [ "$(readlink /opt/flotilla/previous)" = 0.3.0 ]
}

@test "the same version with another build is taken over file by file" {
  installed
  run install_from REBUILT
  assert_exit 0
  grep -q 'built again' /opt/flotilla/0.1.0/agent.cjs
  [ "$(requests REBUILT | sort -u | tr '\n' ' ')" = 'GET /agent/amd64/agent.cjs GET /agent/manifest.json ' ]
  [ "$(ls -A /opt/flotilla | tr '\n' ' ')" = '0.1.0 current ' ]
}

@test "a version that does not start is taken back" {
  installed
  before=$(snapshot)
  run install_from NO_START
  assert_exit 1
  assert_says SERVICE_FAILED
  assert_says 'Version 0.1.0 was put back and runs.'
  systemctl is-active --quiet flotilla-agent
  assert_same "$(grep -v seen.json <<<"$before" | sed 's/ [0-9.]*\.[0-9]* / /')" "$(snapshot | grep -v seen.json | sed 's/ [0-9.]*\.[0-9]* / /')"
}

@test "a first installation that does not start leaves nothing" {
  before=$(snapshot)
  run install_from NO_START --token "$TOKEN"
  assert_exit 1
  assert_says SERVICE_FAILED
  assert_same "$before" "$(snapshot)"
  ! systemctl cat flotilla-agent 2>/dev/null
}

@test "an installation that is interrupted leaves nothing" {
  before=$(snapshot)
  # sync is called between the files and the switch: the signal arrives in the middle of the changes.
  printf '#!/bin/sh\ncase $1 in */.agent.json.*) kill -TERM "$PPID" ;; esac\nexec /usr/bin/sync "$@"\n' >"$BATS_TEST_TMPDIR/sync"
  chmod +x "$BATS_TEST_TMPDIR/sync"
  PATH=$BATS_TEST_TMPDIR:$PATH run install_from GOOD --token "$TOKEN"
  assert_exit 143
  assert_says 'Interrupted'
  assert_same "$before" "$(snapshot)"
}

@test "damage is found and mended" {
  installed
  echo broken >/opt/flotilla/0.1.0/agent.cjs
  chmod 644 /usr/local/bin/flotilla-agent
  rm /etc/systemd/system/flotilla-agent.service
  run install_from GOOD
  assert_exit 0
  ! grep -q broken /opt/flotilla/0.1.0/agent.cjs
  [ "$(stat -c %a /usr/local/bin/flotilla-agent)" = 755 ]
  systemctl is-active --quiet flotilla-agent
  run install_from GOOD
  assert_says 'Nothing to change.'
}

@test "a machine of another fleet is not taken over" {
  installed
  before=$(snapshot)
  run install_from GOOD --token "$TOKEN" --ca-pin "sha256:$(printf 'b%.0s' {1..64})"
  assert_exit 1
  assert_says OTHER_FLEET
  assert_says "$SITE_GOOD"
  assert_same "$before" "$(snapshot)"
}

@test "the token and no other secret is in any argument or environment of a process" {
  printf '%s\n' "$TOKEN" >"$BATS_TEST_TMPDIR/token"
  mkdir "$BATS_TEST_TMPDIR/bin"
  for tool in awk basename cat chmod cmp cp curl cut date dirname flock getconf grep gzip head id ln mkdir mktemp mv readlink rm rmdir sed \
    sha256sum sort stat sync systemctl tail tr uname; do
    real=$(command -v "$tool") || continue
    printf '#!/bin/sh\n{ echo "$0 $*"; env; } >>%s/seen\nexec %s "$@"\n' "$BATS_TEST_TMPDIR" "$real" >"$BATS_TEST_TMPDIR/bin/$tool"
    chmod +x "$BATS_TEST_TMPDIR/bin/$tool"
  done
  PATH=$BATS_TEST_TMPDIR/bin:$PATH run install_from GOOD --token-file "$BATS_TEST_TMPDIR/token" --no-start
  assert_exit 0
  FLOTILLA_TOKEN=$TOKEN PATH=$BATS_TEST_TMPDIR/bin:$PATH run install_from NEXT --no-start
  assert_exit 0
  [ "$(wc -l <"$BATS_TEST_TMPDIR/seen")" -gt 100 ]
  ! grep -q "$TOKEN" "$BATS_TEST_TMPDIR/seen"
}

@test "uninstall leaves the machine as it was before" {
  before=$(snapshot)
  installed
  run sh /opt/flotilla/current/uninstall.sh
  assert_exit 0
  assert_says 'left the fleet'
  assert_says 'Nothing of the Flotilla agent is left on this machine.'
  assert_same "$before" "$(snapshot)"
  ! systemctl cat flotilla-agent 2>/dev/null
  [ -z "$(pgrep -f /opt/flotilla)" ]
  run sh "$UNINSTALL"
  assert_exit 0
  assert_says 'Nothing to remove'
}

@test "uninstall stops when leaving fails, and goes on when forced" {
  installed
  touch /run/fake-leave-fails
  before=$(snapshot)
  run sh "$UNINSTALL"
  assert_exit 1
  assert_says LEAVE_FAILED
  assert_same "$before" "$(snapshot)"
  systemctl is-active --quiet flotilla-agent
  run sh "$UNINSTALL" --force
  assert_exit 0
  assert_says 'Nothing of the Flotilla agent is left'
}

@test "uninstall of half an installation" {
  before=$(snapshot)
  installed
  rm -rf /opt/flotilla/0.1.0 /etc/systemd/system/flotilla-agent.service
  run sh "$UNINSTALL"
  assert_exit 1
  assert_says 'the agent is damaged'
  run sh "$UNINSTALL" --force
  assert_exit 0
  assert_same "$before" "$(snapshot)"

  run install_from GOOD --token "$TOKEN" --no-start
  rm -rf /opt/flotilla
  run sh "$UNINSTALL"
  assert_exit 0
  assert_same "$before" "$(snapshot)"
}

@test "uninstall keeps what is not the agent's" {
  installed
  echo x >/etc/flotilla/server.json
  run sh "$UNINSTALL"
  assert_exit 0
  assert_says 'keep     /etc/flotilla'
  [ -e /etc/flotilla/server.json ]
}

@test "uninstall: usage, root and dry run" {
  run sh "$UNINSTALL" --frce
  assert_exit 2
  run setpriv --reuid 65534 --regid 65534 --clear-groups sh "$UNINSTALL"
  assert_exit 1
  assert_says NOT_ROOT
  installed
  before=$(snapshot)
  run sh "$UNINSTALL" --dry-run
  assert_exit 0
  assert_says '/opt/flotilla/0.1.0'
  assert_same "$before" "$(snapshot)"
}
