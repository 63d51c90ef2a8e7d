setup() {
  load /cases/support/common.bash
  wipe
}

@test "help explains the options and changes nothing" {
  before=$(snapshot)
  run sh "$INSTALL" --help
  assert_exit 0
  assert_says 'Usage: install.sh'
  assert_same "$before" "$(snapshot)"
}

@test "an unknown option is exit 2 with the usage, and its value is not repeated" {
  run install_from GOOD "--tokn=$TOKEN"
  assert_exit 2
  assert_says '--tokn is not an option'
  assert_says 'Usage: install.sh'
  refute_says "$TOKEN"
}

@test "a token without --token is exit 2 and is not repeated" {
  run install_from GOOD "$TOKEN"
  assert_exit 2
  assert_says 'a token goes after --token'
  refute_says "$TOKEN"
}

@test "an option without its value is exit 2" {
  run install_from GOOD --token
  assert_exit 2
  assert_says '--token needs a value'
}

@test "two tokens contradict each other" {
  run install_from GOOD --token "$TOKEN" --token-stdin
  assert_exit 2
  assert_says 'more than once'
}

@test "a token by flag wins over the environment" {
  FLOTILLA_TOKEN=other.token run install_from GOOD --token "$TOKEN" --no-start
  assert_exit 0
  [ "$(cat /etc/flotilla/token)" = "$TOKEN" ]
}

@test "tokens of another shape are refused before anything is asked of the server" {
  asked=$(requests GOOD | wc -l)
  for bad in 'a' '.a' 'a.' 'a.b.c' 'A.b' 'a.b;reboot' "a.b
c.d" 'a.b ' "$(printf 'a%.0s' {1..300}).b"; do
    run install_from GOOD --token "$bad"
    assert_exit 2
    assert_says TOKEN_INVALID
  done
  [ "$(requests GOOD | wc -l)" -eq "$asked" ]
}

@test "a token is taken from a file, from standard input and from the environment" {
  printf '%s\n' "$TOKEN" >"$BATS_TEST_TMPDIR/token"
  run install_from GOOD --token-file "$BATS_TEST_TMPDIR/token" --no-start
  assert_exit 0
  [ "$(stat -c '%a %U' /etc/flotilla/token)" = '600 root' ]
  [ "$(cat /etc/flotilla/token)" = "$TOKEN" ]

  rm /etc/flotilla/token
  run bash -c "sh $INSTALL --server '$SITE_GOOD' --pin '$PIN' --ca-pin '$CA_PIN' --no-start --token-stdin <'$BATS_TEST_TMPDIR/token'"
  assert_exit 0
  [ "$(cat /etc/flotilla/token)" = "$TOKEN" ]

  rm /etc/flotilla/token
  FLOTILLA_TOKEN=$TOKEN run install_from GOOD --no-start
  assert_exit 0
  [ "$(cat /etc/flotilla/token)" = "$TOKEN" ]
}

@test "a token file that is not there is named" {
  run install_from GOOD --token-file /no/such/file
  assert_exit 2
  assert_says 'TOKEN_FILE_UNREADABLE'
  assert_says '/no/such/file'
}

@test "without a token a new machine is told how to get one" {
  before=$(snapshot)
  run install_from GOOD
  assert_exit 2
  assert_says TOKEN_MISSING
  assert_says 'flotilla token create'
  assert_same "$before" "$(snapshot)"
}

@test "a script that no server filled in asks for what is missing" {
  run sh "$INSTALL" --token "$TOKEN"
  assert_exit 2
  assert_says '--server is missing'
}

@test "addresses and pins of another shape are refused" {
  for bad in http://a https:// 'https://a b' 'https://a/x' 'https://a;b' "https://a'b" 'https://$(id)'; do
    run sh "$INSTALL" --token "$TOKEN" --server "$bad" --pin "$PIN" --ca-pin "$CA_PIN"
    assert_exit 2
    assert_says '--server must be'
  done
  run install_from GOOD --token "$TOKEN" --pin sha256//short
  assert_exit 2
  run install_from GOOD --token "$TOKEN" --ca-pin sha256:short
  assert_exit 2
}

@test "a download of the script that breaks off runs nothing" {
  before=$(snapshot)
  size=$(stat -c %s "$INSTALL")
  for at in $((size / 4)) $((size / 2)) $((size - 10)); do
    head -c "$at" "$INSTALL" | sh -s -- --server "$SITE_GOOD" --pin "$PIN" --ca-pin "$CA_PIN" --token "$TOKEN" || true
  done
  assert_same "$before" "$(snapshot)"
}
