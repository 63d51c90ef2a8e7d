import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where things that are expensive to make are kept, outside any checkout. */
export function cacheDir(): string {
  return join(process.env['FLOTILLA_CACHE'] ?? join(homedir(), '.cache', 'flotilla'), 'testbed');
}

/** Where beds live unless the caller says otherwise: found again from any working directory. */
export function defaultStateDir(bed: string): string {
  return join(cacheDir(), 'beds', bed);
}

/** Files of a bed. */
export class BedPaths {
  readonly dir: string;

  constructor(stateDir: string) {
    this.dir = stateDir;
  }

  get stateFile(): string {
    return join(this.dir, 'bed.json');
  }

  get joinScript(): string {
    return join(this.dir, 'bin', 'join.sh');
  }

  get waitScript(): string {
    return join(this.dir, 'bin', 'wait.sh');
  }

  get keepScript(): string {
    return join(this.dir, 'bin', 'keep.sh');
  }

  get diskScript(): string {
    return join(this.dir, 'bin', 'disk.sh');
  }

  server(name: string): ServerPaths {
    return new ServerPaths(join(this.dir, 'servers', name));
  }
}

/** Files of one server. Everything it can write lies below `disk`, which may be a small file system of its own. */
export class ServerPaths {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  get image(): string {
    return join(this.dir, 'disk.img');
  }

  get disk(): string {
    return join(this.dir, 'disk');
  }

  get upper(): string {
    return join(this.disk, 'upper');
  }

  get work(): string {
    return join(this.disk, 'work');
  }

  get root(): string {
    return join(this.dir, 'root');
  }

  get run(): string {
    return join(this.dir, 'run');
  }

  get consoleLog(): string {
    return join(this.run, 'console.log');
  }

  /** A real directory for a path that cannot live on an overlay: `/var/lib/kubelet` -> `…/disk/data/kubelet`. */
  data(pathInServer: string): string {
    return join(this.disk, 'data', pathInServer.split('/').at(-1) ?? '');
  }
}
