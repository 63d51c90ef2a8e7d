import { parseArgs } from 'node:util';
import { seededRandom } from '@flotilla/kit';
import { round, stallMsMax, type Finding } from './round.js';
import { targets } from './targets.js';

/** npm run fuzz: so many mutated inputs in all, spread over the targets; ends with 1 when something was found. */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
  },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed) || chosen.length === 0) {
  process.stderr.write(
    `usage: npm run fuzz -- [--count N] [--seed N] [--target NAME]\ntargets: ${targets.map((t) => t.name).join(', ')}\n`,
  );
  process.exit(2);
}
const each = Math.ceil(count / chosen.length);
const findings: Finding[] = [];
let [total, slowest] = [0, 0];
const beganMs = performance.now();
for (const [i, target] of chosen.entries()) {
  const result = await round(target, each, seededRandom(seed + i), () => performance.now());
  total += result.inputs;
  slowest = Math.max(slowest, result.slowestMs);
  findings.push(...result.findings);
  process.stderr.write(
    `  ${target.name.padEnd(44)} ${result.inputs} inputs, slowest ${result.slowestMs.toFixed(1)} ms\n`,
  );
}
const seconds = (performance.now() - beganMs) / 1000;
const rss = Math.round(process.memoryUsage().rss / 1024 / 1024);
process.stdout.write(
  `${total} inputs, ${findings.length} findings, slowest ${slowest.toFixed(1)} ms (limit ${stallMsMax}), ${rss} MiB, ${seconds.toFixed(0)} s, seed ${seed}\n`,
);
for (const { target, problem, input } of findings) process.stdout.write(`${target}: ${problem}\n  ${input}\n`);
process.exit(findings.length > 0 || slowest > stallMsMax ? 1 : 0);
