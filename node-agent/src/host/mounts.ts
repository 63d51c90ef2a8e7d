import type { Host } from './host.js';

export interface Mount {
  readonly device: string;
  readonly path: string;
  readonly type: string;
  readonly readOnly: boolean;
}

/** What is mounted, in the order of mounting. */
export async function readMounts(host: Host): Promise<readonly Mount[]> {
  return parseMounts((await host.read('/proc/self/mounts')) ?? '');
}

export function parseMounts(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [device = '', path = '', type = '', options = ''] = line.split(' ');
      return { device, path: unescape(path), type, readOnly: options.split(',').includes('ro') };
    });
}

/** Mounts strictly below a directory, deepest (newest) first: the order in which they can be taken away. */
export async function mountsBelow(host: Host, path: string): Promise<readonly Mount[]> {
  return (await readMounts(host)).filter((mount) => mount.path.startsWith(`${path}/`)).reverse();
}

/** The kernel writes space, tab, newline and backslash in octal. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
