import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBed } from '../testbed/index.js';
import { run } from '../quickstart/process.js';
import { bedName, outputFile, quickstartDir, root } from './support.js';

/** Brings the quickstart up once, as a person would; what it printed is kept for the test that reads it. */
export async function setup(): Promise<() => Promise<void>> {
  await quickstartDown();
  mkdirSync(join(root, '.flotilla'), { recursive: true });
  const result = await run([process.execPath, join(root, 'scripts/quickstart.mjs')], {
    timeoutMs: 3_000_000,
    onLine: (line) => process.stderr.write(`    ${line}\n`),
  });
  writeFileSync(outputFile, JSON.stringify(result));
  if (result.code !== 0) {
    await quickstartDown();
    throw new Error(`npm run quickstart failed:\n${result.stdout}\n${result.stderr}`);
  }
  return async () => {
    await quickstartDown();
    rmSync(outputFile, { force: true });
    const left = await openBed({ name: bedName, stateDir: join(quickstartDir, 'bed') }).leftovers();
    if (left.length > 0 || existsSync(quickstartDir))
      throw new Error(
        `quickstart -- down left behind: ${left.join(', ')} ${existsSync(quickstartDir) ? quickstartDir : ''}`,
      );
  };
}

async function quickstartDown(): Promise<void> {
  const result = await run([process.execPath, join(root, 'scripts/quickstart.mjs'), 'down'], { timeoutMs: 180_000 });
  if (result.code !== 0) throw new Error(`npm run quickstart -- down failed:\n${result.stdout}\n${result.stderr}`);
}
