import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { mutants } from './mutants/list.js';
import type { Mutant } from './mutants/mutant.js';
import { mutantPlugin, patched } from './mutants/patch.js';

const root = resolve(process.argv[1] ?? '.', '../../..');
const cache = join(root, 'node_modules', '.cache', 'mutants');
const limits = { unitMs: 240_000, simMs: 900_000 };

interface Found {
  readonly unit: string;
  readonly sim: string;
}

interface Run {
  readonly code: number | 'timeout';
  readonly output: string;
}

/** A child process to its end, or to the end of its time. */
function run(program: string, args: readonly string[], timeoutMs: number): Promise<Run> {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const late = AbortSignal.timeout(timeoutMs);
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-200_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    late.addEventListener('abort', () => child.kill('SIGKILL'));
    child.on('exit', (code) => done({ code: late.aborted ? 'timeout' : (code ?? 1), output }));
  });
}

/** The unit tests named for the mutant, with the patched source given to vitest at load time. */
async function byUnitTests(mutant: Mutant): Promise<string> {
  const [pack, file] = mutant.unit;
  const config = join(cache, `${mutant.id}.vitest.config.mjs`);
  const plugin = { path: join(root, mutant.file), contents: patched(root, mutant) };
  writeFileSync(
    config,
    `const mutant = ${JSON.stringify(plugin)};
export default { plugins: [{ name: 'mutant', enforce: 'pre', load: (id) => (id.split('?')[0] === mutant.path ? mutant.contents : undefined) }], test: { testTimeout: 60000 } };
`,
  );
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { code, output } = await run(
    process.execPath,
    [vitest, 'run', '--root', pack, '--config', config, file],
    limits.unitMs,
  );
  rmSync(config, { force: true });
  if (code === 0) return '';
  if (code === 'timeout') return 'does not end';
  if (/No test files found|Failed to load|SyntaxError/.test(output))
    throw new Error(`mutant ${mutant.id}: ${output.slice(-2_000)}`);
  return `${file.replace('src/', `${pack}/`)}`;
}

/** The simulation with the patched source, seed after seed, until one breaks. */
async function bySeeds(mutant: Mutant, seeds: string): Promise<string> {
  const outfile = join(cache, `${mutant.id}.mjs`);
  await build({
    entryPoints: [join(root, 'test/sim/run.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
    plugins: [
      mutantPlugin(root, mutant),
      {
        name: 'packages-stay-outside',
        setup(of) {
          of.onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
            kind === 'entry-point' || path.startsWith('@flotilla/') ? null : { path, external: true },
          );
        },
      },
    ],
  });
  const { code, output } = await run(
    process.execPath,
    [outfile, '--seeds', seeds, '--jobs', '1', '--until-broken'],
    limits.simMs,
  );
  rmSync(outfile, { force: true });
  const broken = /seed (\d+) BREAKS (\S+)/.exec(output);
  if (broken !== null) return `seed ${broken[1] ?? ''}: ${broken[2] ?? ''}`;
  return code === 'timeout' ? 'does not end' : code === 0 ? '' : 'crashes';
}

function argument(name: string, fallback: string): string {
  const index = process.argv.indexOf(name);
  return index < 0 ? fallback : (process.argv[index + 1] ?? fallback);
}

function misfitOf(mutant: Mutant): string[] {
  try {
    patched(root, mutant);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Each mutant alone. With `--both` the simulation runs also for those that a unit test caught. */
async function main(): Promise<number> {
  mkdirSync(cache, { recursive: true });
  const only = argument('--only', '');
  const after = argument('--after', '');
  const seeds = argument('--seeds', '1..60');
  const both = process.argv.includes('--both');
  const from = mutants.findIndex(({ id }) => id === after) + 1;
  const chosen = mutants.slice(from).filter(({ id }) => only === '' || only.split(',').includes(id));
  // All of them are checked before the first runs: a list that is out of date is told at once.
  const misfits = chosen.flatMap((mutant) => misfitOf(mutant));
  if (misfits.length > 0) {
    process.stderr.write(`${misfits.join('\n')}\n`);
    return 2;
  }
  if (process.argv.includes('--check')) {
    process.stdout.write(`${chosen.length} mutants fit the sources\n`);
    return 0;
  }
  process.stdout.write('| mutant | bug | unit test | simulation |\n|---|---|---|---|\n');
  let caught = 0;
  for (const mutant of chosen) {
    const unit = process.argv.includes('--sim-only') ? '' : await byUnitTests(mutant);
    const wanted = !process.argv.includes('--unit-only') && (unit === '' || both);
    const sim = wanted ? await bySeeds(mutant, seeds) : 'not run';
    const found: Found = { unit, sim };
    if (found.unit !== '' || (found.sim !== '' && found.sim !== 'not run')) caught += 1;
    process.stdout.write(`| ${mutant.id} | ${mutant.bug} | ${unit || '-'} | ${sim || '**survived**'} |\n`);
  }
  const share = ((caught * 100) / Math.max(1, chosen.length)).toFixed(1);
  process.stdout.write(`\n${caught} of ${chosen.length} caught (${share} %)\n`);
  return caught * 100 >= 95 * chosen.length ? 0 : 1;
}

process.exitCode = await main();
