import { createHash } from 'node:crypto';
import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { formatAgentManifest } from '../../scripts/manifest-format.mjs';
import { parseAgentManifest, type AgentManifest } from '../../src/index.js';

const ARCH_DIR = 'agent/amd64';

/** A copy of what the packaging built, to be changed in one respect. Large files are links: they are replaced, never written to. */
export class Variant {
  #manifest: AgentManifest;

  private constructor(readonly dir: string) {
    this.#manifest = parseAgentManifest(readFileSync(join(dir, 'agent/manifest.json'), 'utf8'));
  }

  static copyOf(built: string, dir: string): Variant {
    mkdirSync(join(dir, ARCH_DIR), { recursive: true });
    for (const name of readdirSync(join(built, ARCH_DIR)))
      linkSync(join(built, ARCH_DIR, name), join(dir, ARCH_DIR, name));
    for (const path of ['agent/manifest.json', 'install.sh', 'uninstall.sh'])
      copyFileSync(join(built, path), join(dir, path));
    return new Variant(dir);
  }

  version(version: string): this {
    this.#manifest = { ...this.#manifest, version };
    return this.#write();
  }

  /** Another content of a plain file, truthfully announced. */
  replace(name: string, change: (text: string) => string): this {
    const path = join(this.dir, ARCH_DIR, name);
    const body = Buffer.from(change(readFileSync(path, 'utf8')));
    this.swap(name, body);
    const content = { sizeBytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
    const files = (this.#manifest.arches.amd64?.files ?? []).map((file) =>
      file.name === name ? { ...file, ...content, download: { ...file.download, ...content } } : file,
    );
    this.#manifest = { ...this.#manifest, arches: { amd64: { files } } };
    return this.#write();
  }

  /** Another content than the manifest promises. */
  swap(name: string, body: Buffer): this {
    const path = join(this.dir, ARCH_DIR, name);
    rmSync(path);
    writeFileSync(path, body);
    return this;
  }

  remove(name: string): this {
    rmSync(join(this.dir, ARCH_DIR, name));
    return this;
  }

  manifestText(change: (text: string) => string): this {
    const path = join(this.dir, 'agent/manifest.json');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    return this;
  }

  #write(): this {
    writeFileSync(join(this.dir, 'agent/manifest.json'), formatAgentManifest(this.#manifest));
    return this;
  }
}
