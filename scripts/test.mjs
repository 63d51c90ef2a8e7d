// npm test: everything that is checked, in the order in which a mistake is cheapest to see. Ends with one line,
// "N passed, N failed". `--quick` leaves out the part on real servers; `FLOTILLA_E2E=required` makes its absence a failure.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, ensureDebianPackages, ensureNpmPackages, isRoot, requireNode, root, say } from './setup.mjs';

const quick = process.argv.includes('--quick');
const e2eRequired = process.env.FLOTILLA_E2E === 'required';
const reports = join(root, 'node_modules', '.cache', 'flotilla-test');
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

requireNode();
process.stderr.write('Flotilla tests\n');
ensureNpmPackages();
build();
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

check('generated code', generatedIsCurrent);
check('buf lint', () => run(['npx', 'buf', 'lint'], { cwd: join(root, 'proto') }));
check('buf breaking', bufBreaking);
check('typecheck', () => run(['npx', 'turbo', 'run', 'typecheck', '--output-logs=errors-only', '--concurrency=2']));
check('eslint', () => run(['npx', 'eslint', '.', '--max-warnings', '0']));
check('prettier', () => run(['npx', 'prettier', '--check', '.', '--log-level', 'warn']));
vitest('unit', ['--config', 'vitest.config.ts']);
simulation(quick ? 50 : 100);
if (quick) say('servers', 'left out (--quick)');
else endToEnd();

process.stderr.write('\n');
for (const failure of failures) process.stderr.write(`FAILED ${failure}\n`);
process.stdout.write(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}\n`,
);
process.exit(totals.failed === 0 ? 0 : 1);

/** One check that passes or fails as a whole. */
function check(name, body) {
  const started = performance.now();
  const problem = body();
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  if (problem === undefined) {
    totals.passed++;
    say(name, `passed ${seconds}s`);
  } else if (problem.skipped !== undefined) {
    totals.skipped++;
    say(name, `skipped: ${problem.skipped}`);
  } else {
    totals.failed++;
    failures.push(name);
    say(name, `FAILED ${seconds}s\n${problem}`);
  }
}

function run(argv, options = {}) {
  const result = spawnSync(argv[0], argv.slice(1), { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (result.status === 0) return undefined;
  return `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`
    .trim()
    .split('\n')
    .slice(-60)
    .join('\n');
}

/** Generates again and compares: what is committed must be what the protos say. */
function generatedIsCurrent() {
  const before = hashOf(join(root, 'proto', 'src', 'gen'));
  const problem = run(['npm', 'run', '--silent', 'generate', '-w', 'proto']);
  if (problem !== undefined) return problem;
  return hashOf(join(root, 'proto', 'src', 'gen')) === before
    ? undefined
    : 'proto/src/gen was out of date; commit what "npm run generate -w proto" wrote';
}

function hashOf(dir) {
  const hash = createHash('sha256');
  for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .sort()) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Against the newest release tag; before the first release there is nothing to break. */
function bufBreaking() {
  const tag = spawnSync('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*'], { cwd: root, encoding: 'utf8' });
  if (tag.status !== 0) return { skipped: 'no release tag yet' };
  return run(['npx', 'buf', 'breaking', '--against', `../.git#tag=${tag.stdout.trim()},subdir=proto`], {
    cwd: join(root, 'proto'),
  });
}

/** Runs a vitest configuration, prints it live and adds its counts. */
function vitest(name, args) {
  const started = performance.now();
  const file = join(reports, `${name}.json`);
  const result = spawnSync(
    'npx',
    ['vitest', 'run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  );
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  totals.passed += report?.numPassedTests ?? 0;
  totals.failed += report?.numFailedTests ?? 0;
  totals.skipped += report?.numPendingTests ?? 0;
  if (e2eRequired && name !== 'unit' && (report?.numPendingTests ?? 0) > 0) {
    // Required means that nothing of it may excuse itself.
    totals.failed++;
    failures.push(`${name}: required, but ${report.numPendingTests} tests were skipped`);
  }
  for (const suite of report?.testResults ?? []) {
    const failed = suite.assertionResults.filter((a) => a.status === 'failed').map((a) => a.fullName);
    failures.push(...failed.map((f) => `${name}: ${f}`));
    // A file that could not even be loaded has no failed test of its own.
    if (suite.status === 'failed' && failed.length === 0) {
      totals.failed++;
      failures.push(`${name}: ${suite.name}: ${suite.message.split('\n')[0]}`);
    }
  }
  if (result.status !== 0 && (report?.numFailedTests ?? 0) === 0 && !failures.some((f) => f.startsWith(`${name}:`))) {
    totals.failed++;
    failures.push(`${name}: vitest ended with ${result.status ?? result.signal}`);
  }
  say(
    name,
    `${report?.numPassedTests ?? 0} passed, ${report?.numFailedTests ?? 0} failed, ${((performance.now() - started) / 1000).toFixed(0)}s`,
  );
}

/** The whole house under seeded faults; a violation prints its seed, and that seed is the bug report. */
function simulation(seeds) {
  const entry = join('test', 'sim', 'run.ts');
  if (!existsSync(join(root, entry))) return;
  check(`simulation, ${seeds} seeds`, () =>
    run([process.execPath, 'scripts/run-ts.mjs', entry, '--seeds', `1..${seeds}`, '--jobs', '2']),
  );
}

function endToEnd() {
  const reason = !isRoot
    ? 'not root: real servers need it'
    : !ensureDebianPackages({
          'systemd-nspawn': 'systemd-container',
          debootstrap: 'debootstrap',
          nft: 'nftables',
          ip: 'iproute2',
          shellcheck: 'shellcheck',
          bats: 'bats',
          curl: 'curl',
          gcc: 'gcc',
          strip: 'binutils',
        })
      ? 'packages are missing'
      : undefined;
  if (reason === undefined) {
    // First the one that fills the cache of Kubernetes binaries.
    vitest('cluster', ['--config', 'vitest.cluster.config.ts']);
    vitest('servers', ['--config', 'vitest.e2e.config.ts']);
    // Nine servers, two versions of Kubernetes, twenty minutes: asked for by name.
    if (process.env.FLOTILLA_LIFE === '1') vitest('life', ['--config', 'vitest.life.config.ts']);
    return;
  }
  say('servers', `skipped: ${reason}`);
  if (e2eRequired) {
    totals.failed++;
    failures.push(`servers: required, but ${reason}`);
  } else totals.skipped++;
}
