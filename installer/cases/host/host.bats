setup() {
  load /cases/support/common.bash
  wipe
}

@test "without root nothing is done and the cure is named" {
  run setpriv --reuid 65534 --regid 65534 --clear-groups sh "$INSTALL" --server "$SITE_GOOD" --pin "$PIN" --ca-pin "$CA_PIN" --token "$TOKEN"
  assert_exit 1
  assert_says NOT_ROOT
  assert_says sudo
}

@test "an unsupported system is exit 3 with the facts found" {
  printf 'ID=alpine\nNAME="Alpine Linux"\nVERSION_ID=3.20\n' >"$BATS_TEST_TMPDIR/os-release"
  before=$(snapshot)
  run with_file /etc/os-release "$BATS_TEST_TMPDIR/os-release" install_from GOOD --token "$TOKEN"
  assert_exit 3
  assert_says OS_UNSUPPORTED
  assert_says 'Found: Alpine Linux 3.20, amd64'
  assert_says 'Nothing on this machine was changed.'
  assert_same "$before" "$(snapshot)"
}

@test "every system of the support matrix is taken" {
  for line in 'ubuntu 22.04' 'ubuntu 24.04' 'ubuntu 26.04' 'debian 12' 'debian 13' 'rhel 9.4' 'rhel 10.1' 'almalinux 9.5' 'rocky 10.0' 'amzn 2023'; do
    printf 'ID="%s"\nVERSION_ID="%s"\nNAME=x\n' $line >"$BATS_TEST_TMPDIR/os-release"
    run with_file /etc/os-release "$BATS_TEST_TMPDIR/os-release" install_from GOOD --token "$TOKEN" --dry-run
    assert_exit 0
  done
  for line in 'ubuntu 20.04' 'debian 11' 'rhel 8.9' 'rocky 90' 'amzn 2' 'debian '; do
    printf 'ID=%s\nVERSION_ID=%s\n' $line >"$BATS_TEST_TMPDIR/os-release"
    run with_file /etc/os-release "$BATS_TEST_TMPDIR/os-release" install_from GOOD --token "$TOKEN" --dry-run
    assert_exit 3
  done
}

@test "several things wrong are told at once" {
  printf '#!/bin/sh\n[ "$1" = -m ] && echo riscv64 || echo 6.0\n' >"$BATS_TEST_TMPDIR/uname"
  printf '#!/bin/sh\ncase $1 in GNU_LIBC_VERSION) exit 1 ;; LONG_BIT) echo 64 ;; *) echo 2 ;; esac\n' >"$BATS_TEST_TMPDIR/getconf"
  printf '#!/bin/sh\necho "musl libc (x86_64)" >&2; exit 1\n' >"$BATS_TEST_TMPDIR/ldd"
  printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/ldconfig"
  chmod +x "$BATS_TEST_TMPDIR"/*
  PATH=$BATS_TEST_TMPDIR:$PATH run install_from GOOD --token "$TOKEN"
  assert_exit 3
  assert_says ARCH_UNSUPPORTED
  assert_says riscv64
  assert_says LIBC_UNSUPPORTED
  assert_says LIBSTDCXX_MISSING
}

@test "without getconf the C library is found all the same" {
  printf '#!/bin/sh\nexit 127\n' >"$BATS_TEST_TMPDIR/getconf"
  chmod +x "$BATS_TEST_TMPDIR/getconf"
  PATH=$BATS_TEST_TMPDIR:$PATH run install_from GOOD --token "$TOKEN" --dry-run
  assert_exit 0
}

@test "where /opt does not allow programs nothing is switched to" {
  mkdir -p /opt
  run unshare --mount bash -c "mount -t tmpfs -o size=512m,noexec none /opt && install_from GOOD --token $TOKEN"
  assert_exit 1
  assert_says RUNTIME_UNUSABLE
  assert_says 'Permission denied'
  [ ! -e /etc/flotilla ]
}

@test "a C library that is too old is refused" {
  printf '#!/bin/sh\ncase $1 in GNU_LIBC_VERSION) echo glibc 2.17 ;; LONG_BIT) echo 64 ;; *) echo 2 ;; esac\n' >"$BATS_TEST_TMPDIR/getconf"
  chmod +x "$BATS_TEST_TMPDIR/getconf"
  PATH=$BATS_TEST_TMPDIR:$PATH run install_from GOOD --token "$TOKEN"
  assert_exit 3
  assert_says 'glibc 2.17 is too old'
}

@test "a machine without running systemd is refused" {
  mkdir "$BATS_TEST_TMPDIR/run"
  run with_file /run "$BATS_TEST_TMPDIR/run" install_from GOOD --token "$TOKEN"
  assert_exit 3
  assert_says NO_SYSTEMD
}

@test "a clock that is off by days is told, with both times" {
  before=$(snapshot)
  run install_from CLOCK --token "$TOKEN"
  assert_exit 1
  assert_says CLOCK_WRONG
  assert_says 'timedatectl'
  assert_same "$before" "$(snapshot)"
}

@test "too little disk is told before anything is fetched" {
  mkdir -p /opt
  run unshare --mount bash -c "mount -t tmpfs -o size=64m none /opt && install_from GOOD --token $TOKEN"
  assert_exit 1
  assert_says DISK_FULL
  assert_says 'needed'
}

@test "a disk that fills up during the download is told, and nothing stays" {
  run unshare --mount bash -c "mount -t tmpfs -o size=188m none /opt &&
    { install_from OVERSIZE --token $TOKEN; code=\$?; echo left: \$(ls -A /opt); exit \$code; }"
  assert_exit 1
  assert_says DISK_FULL
  [[ $output == *'left:' ]] || { echo "$output"; false; }
  [ ! -e /etc/flotilla ]
}

@test "a second installer at the same time is refused" {
  run flock /etc/systemd/system sh "$INSTALL" --server "$SITE_GOOD" --pin "$PIN" --ca-pin "$CA_PIN" --token "$TOKEN"
  assert_exit 1
  assert_says INSTALL_BUSY
}

@test "where /usr/local is read-only the launcher goes to /opt/bin and the unit follows" {
  run unshare --mount --propagation slave bash -c "mount --bind /usr/local /usr/local && mount -o remount,bind,ro /usr/local &&
    install_from GOOD --token $TOKEN --no-start && install_from GOOD --no-start"
  assert_exit 0
  [ -x /opt/bin/flotilla-agent ]
  [ ! -e /usr/local/bin/flotilla-agent ]
  grep -q '^ExecStart=/opt/bin/flotilla-agent run$' /etc/systemd/system/flotilla-agent.service
  assert_says 'Nothing to change.'
}
