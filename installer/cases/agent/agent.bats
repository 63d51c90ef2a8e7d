# The real agent bundle. The site speaks no enrolment: the agent goes on trying, which is all that is looked at here.
setup() {
  load /cases/support/common.bash
  wipe
}

@test "the real agent runs as the unit says, within its memory, and is removed without trace" {
  before=$(snapshot)
  run install_from AGENT --token "$TOKEN" --no-follow
  assert_exit 0
  run flotilla-agent version
  assert_exit 0
  assert_says 'flotilla-agent 0.1.0, node v24'
  wait_for_file /var/lib/flotilla-agent/status.json
  [ "$(stat -c %a /var/lib/flotilla-agent)" = 700 ]
  [ "$(systemctl show -P NRestarts flotilla-agent)" = 0 ]
  pid=$(systemctl show -P MainPID flotilla-agent)
  [ "$(readlink "/proc/$pid/exe")" = /opt/flotilla/0.1.0/node ]
  # An anonymous share above this would soon meet MemoryHigh.
  anonymous_kb=$(awk '$1 == "RssAnon:" { print $2 }' "/proc/$pid/status")
  echo "# anonymous memory $anonymous_kb kB, oom_score_adj $(cat "/proc/$pid/oom_score_adj")" >&3
  [ "$anonymous_kb" -lt 65536 ]
  ! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -q "$TOKEN"
  ! tr '\0' '\n' <"/proc/$pid/environ" | grep -q "$TOKEN"

  run sh /opt/flotilla/current/uninstall.sh
  assert_exit 0
  assert_says 'Nothing of the Flotilla agent is left on this machine.'
  assert_same "$before" "$(snapshot)"
}

@test "a caller's Node.js settings do not reach the agent" {
  run install_from AGENT --token "$TOKEN" --no-start
  assert_exit 0
  NODE_OPTIONS=--no-such-option NODE_EXTRA_CA_CERTS=/no/such/file run flotilla-agent version
  assert_exit 0
}
