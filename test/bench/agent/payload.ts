import { spawnSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** The agent as a machine gets it. */
export interface Payload {
  readonly node: string;
  readonly bundle: string;
  /** What the launcher gives to Node.js before the bundle. */
  readonly flags: readonly string[];
  /** What the launcher puts into the environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly bundleBytes: number;
}

/** Unpacks the runtime of a built `installer/dist` into `dir` and reads the flags from the launcher itself. */
export async function unpackPayload(dist: string, dir: string): Promise<Payload> {
  const from = join(dist, 'agent', process.arch === 'arm64' ? 'arm64' : 'amd64');
  if (!existsSync(join(from, 'node.gz'))) {
    throw new Error(`${from} holds no agent. Build it: npm run build -w node-agent && npm run build -w installer`);
  }
  mkdirSync(dir, { recursive: true });
  const node = join(dir, 'node');
  // Beside and renamed: a runtime that another bench is running is not written over.
  const fresh = `${node}.${process.pid}`;
  await pipeline(createReadStream(join(from, 'node.gz')), createGunzip(), createWriteStream(fresh, { mode: 0o755 }));
  renameSync(fresh, node);
  // As after a boot: what was just written stands in memory in large pieces, and more of them would be counted.
  spawnSync('dd', [`of=${node}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none'], {
    stdio: 'inherit',
  });
  const bundle = join(from, 'agent.cjs');
  return {
    node,
    bundle,
    ...parseLauncher(readFileSync(join(from, 'flotilla-agent'), 'utf8')),
    bundleBytes: statSync(bundle).size,
  };
}

/** `export A=1 B=2` and the flags between node and the bundle. A launcher of another shape is refused, not guessed. */
export function parseLauncher(text: string): Pick<Payload, 'flags' | 'env'> {
  const exported = /^export (.+)$/m.exec(text)?.[1];
  const command = /^exec \S+\/node (.+?) \S+\/agent\.cjs "\$@"$/ms.exec(text.replaceAll('\\\n', ' '))?.[1];
  if (exported === undefined || command === undefined)
    throw new Error('the launcher has not the shape this bench reads');
  const words = (line: string): string[] => line.split(/\s+/).filter((word) => word !== '');
  return {
    flags: words(command),
    env: Object.fromEntries(
      words(exported).map((word) => [word.split('=')[0] ?? '', word.slice(word.indexOf('=') + 1)]),
    ),
  };
}
