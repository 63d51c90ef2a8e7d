import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileEntry, writeDockerArchive } from '@flotilla/artifacts';
import { build } from 'esbuild';
import { runOk } from './process.js';

export const appImage = 'flotilla.dev/quickstart-app:1';

/**
 * Builds the app's image without a registry: this machine's Node with its libraries, and one bundled file. Gives the path
 * of the archive.
 */
export async function buildAppImage(root: string, dir: string): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const archive = join(dir, 'app-image.tar');
  const bundle = join(dir, 'server.cjs');
  await build({
    entryPoints: [join(root, 'test/quickstart/app/server.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  });
  const node = realpathSync(process.execPath);
  const entries = [
    await fileEntry('usr/bin/node', node, 0o755),
    await fileEntry('app/server.cjs', bundle, 0o644),
    ...(await Promise.all(
      (await librariesOf(node)).map((path) => fileEntry(path.slice(1), realpathSync(path), 0o755)),
    )),
  ];
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const temporary = `${archive}.new`;
  await writeDockerArchive(
    { image: appImage, arch, entrypoint: ['/usr/bin/node', '/app/server.cjs'], entries },
    temporary,
    dir,
  );
  renameSync(temporary, archive);
  rmSync(bundle);
  return archive;
}

/** The shared libraries that a program is linked with, as the loader finds them. */
async function librariesOf(program: string): Promise<string[]> {
  const listed = await runOk(['ldd', program]);
  const paths = [...listed.matchAll(/(?:=>\s+)?(\/[^\s]+)\s+\(0x/g)].map((match) => match[1] ?? '');
  return [...new Set(paths)].filter((path) => existsSync(path));
}
