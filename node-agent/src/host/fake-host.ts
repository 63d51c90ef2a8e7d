import { createHash } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import type {
  Argv,
  DownloadRequest,
  FileStat,
  FileSystemSpace,
  Host,
  HttpAnswer,
  HttpRequest,
  KernelRecord,
  RpcRequest,
  RunOptions,
  RunResult,
} from './host.js';

type Entry =
  | { kind: 'file'; content: string; mode: number; sizeBytes?: number }
  | { kind: 'directory'; mode: number }
  | { kind: 'symlink'; target: string };

/** The process of the agent ends here, in the middle of whatever it was doing. */
export class FakeCrash extends Error {
  override readonly name = 'FakeCrash';
}

export const ok: RunResult = { exitCode: 0, stdout: '', stderr: '', timedOut: false };

export function failed(stderr: string, exitCode = 1): RunResult {
  return { exitCode, stdout: '', stderr, timedOut: false };
}

/** What a program does; undefined lets the next one answer. */
export type FakeProgram = (
  argv: Argv,
  host: FakeHost,
  options: RunOptions,
) => RunResult | undefined | Promise<RunResult | undefined>;

/** A machine in memory: files, programs, a web. It is the world of a test, which sets it up and looks at it. */
export class FakeHost implements Host {
  readonly entries = new Map<string, Entry>([['/', { kind: 'directory', mode: 0o755 }]]);
  readonly programs: FakeProgram[] = [];
  /** Every program that was run, in order. */
  readonly ran: Argv[] = [];
  readonly installed = new Set([
    'ip',
    'iptables',
    'mount',
    'umount',
    'nsenter',
    'modprobe',
    'nft',
    'conntrack',
    'systemctl',
  ]);
  readonly web = new Map<string, HttpAnswer>();
  readonly blobs = new Map<string, string>();
  readonly reachable = new Set<string>();
  readonly killed: number[] = [];
  /** Called before each change of a file; throws to fault it. */
  onWrite: (path: string, verb: string) => void = () => undefined;
  /** Called before each look at a file; throws to fault it. */
  onRead: (path: string) => void = () => undefined;
  /** Answers before `web` does; may throw what a network would. */
  onHttp: (request: HttpRequest) => HttpAnswer | undefined = () => undefined;
  /** Decides before `reachable` does. */
  onConnect: (host: string, port: number) => boolean | undefined = () => undefined;
  address = '10.0.0.7';
  disk: Partial<FileSystemSpace> = { totalBytes: 100e9, freeBytes: 80e9 };
  /** Answers calls over unix sockets; undefined = nobody listens there. */
  onRpc: (request: RpcRequest) => Uint8Array | undefined = () => undefined;
  /** Addresses of names; a name that is not here does not resolve. */
  readonly names = new Map<string, readonly string[]>();
  readonly kernelRecords: KernelRecord[] = [];

  /** Stands in for the time of the last change: it differs after each put. */
  readonly #puts = new Map<string, number>();

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, content] of Object.entries(files)) this.put(path, content);
  }

  put(path: string, content: string, mode = 0o644): void {
    this.#parents(path);
    this.#puts.set(path, this.#puts.size + (this.#puts.get(path) ?? 0) + 1);
    this.entries.set(path, { kind: 'file', content, mode });
  }

  dir(path: string, mode = 0o755): void {
    this.#parents(path);
    if (!this.entries.has(path)) this.entries.set(path, { kind: 'directory', mode });
  }

  link(path: string, target: string): void {
    this.#parents(path);
    this.entries.set(path, { kind: 'symlink', target });
  }

  content(path: string): string | undefined {
    const entry = this.entries.get(path);
    return entry?.kind === 'file' ? entry.content : undefined;
  }

  /** Every path with its content, for comparing a host before and after. */
  picture(): Record<string, string> {
    const all = [...this.entries].sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(
      all.map(([path, entry]) => [
        path,
        entry.kind === 'file' ? entry.content : entry.kind === 'symlink' ? `-> ${entry.target}` : '/',
      ]),
    );
  }

  async run(argv: Argv, options: RunOptions): Promise<RunResult> {
    this.ran.push(argv);
    for (const program of this.programs) {
      const result = await program(argv, this, options);
      if (result !== undefined) return result;
    }
    return failed(`${argv[0]}: not found`, 127);
  }

  read(path: string): Promise<string | undefined> {
    return this.#soon(() => {
      this.onRead(path);
      return this.content(path);
    });
  }

  writeAtomic(path: string, content: string, mode: number): Promise<void> {
    return this.#change(path, 'write', () => {
      if (this.entries.get(path.slice(0, path.lastIndexOf('/')) || '/')?.kind !== 'directory') {
        throw new FlotillaError('FILE_FAILED', `cannot write ${path}: ENOENT`, { kind: 'unavailable' });
      }
      this.entries.set(path, { kind: 'file', content, mode });
    });
  }

  writeDirect(path: string, content: string): Promise<void> {
    return this.#change(path, 'write', () => {
      const entry = this.entries.get(path);
      if (entry?.kind !== 'file')
        throw new FlotillaError('FILE_FAILED', `cannot write ${path}: ENOENT`, { kind: 'unavailable' });
      entry.content = `${content}\n`;
    });
  }

  append(path: string, content: string, mode: number): Promise<void> {
    return this.#change(path, 'append', () =>
      this.entries.set(path, { kind: 'file', content: (this.content(path) ?? '') + content, mode }),
    );
  }

  remove(path: string): Promise<void> {
    return this.#change(path, 'remove', () => {
      for (const key of [...this.entries.keys()])
        if (key === path || key.startsWith(`${path}/`)) this.entries.delete(key);
    });
  }

  removeEmptyDir(path: string): Promise<boolean> {
    return this.#soon(() => {
      const full = [...this.entries.keys()].some((key) => key.startsWith(`${path}/`));
      if (full || this.entries.get(path)?.kind !== 'directory') return false;
      return this.entries.delete(path);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(to, 'rename', () => {
      const entry = this.entries.get(from);
      if (entry === undefined)
        throw new FlotillaError('FILE_FAILED', `cannot rename ${from}: ENOENT`, { kind: 'unavailable' });
      this.entries.delete(from);
      this.entries.set(to, entry);
    });
  }

  list(path: string): Promise<readonly string[] | undefined> {
    return this.#soon(() => {
      if (this.entries.get(path)?.kind !== 'directory') return undefined;
      const prefix = path === '/' ? '/' : `${path}/`;
      return [...this.entries.keys()]
        .filter((key) => key.startsWith(prefix) && key !== path && !key.slice(prefix.length).includes('/'))
        .map((key) => key.slice(prefix.length));
    });
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.#soon(() => {
      const entry = this.entries.get(path);
      if (entry === undefined) return undefined;
      const sizeBytes = entry.kind === 'file' ? (entry.sizeBytes ?? entry.content.length) : 0;
      return {
        kind: entry.kind,
        sizeBytes,
        mode: entry.kind === 'symlink' ? 0o777 : entry.mode,
        modifiedMs: this.#puts.get(path) ?? 0,
      };
    });
  }

  exists(path: string): Promise<boolean> {
    return this.#soon(() => this.entries.has(path));
  }

  readLink(path: string): Promise<string | undefined> {
    return this.#soon(() => {
      const entry = this.entries.get(path);
      return entry?.kind === 'symlink' ? entry.target : undefined;
    });
  }

  symlink(path: string, target: string): Promise<void> {
    return this.#change(path, 'link', () => this.link(path, target));
  }

  makeDir(path: string, mode: number): Promise<void> {
    return this.#change(path, 'make', () => this.dir(path, mode));
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#change(path, 'chmod', () => {
      const entry = this.entries.get(path);
      if (entry !== undefined && entry.kind !== 'symlink') entry.mode = mode;
    });
  }

  space(): Promise<FileSystemSpace> {
    return this.#soon(() => ({ totalBytes: 100e9, freeBytes: 80e9, totalInodes: 1e6, freeInodes: 9e5, ...this.disk }));
  }

  which(program: string): Promise<string | undefined> {
    return this.#soon(() => (this.installed.has(program) ? `/usr/bin/${program}` : undefined));
  }

  connects(host: string, port: number): Promise<boolean> {
    return this.#soon(() => this.onConnect(host, port) ?? this.reachable.has(`${host}:${port}`));
  }

  addressTowards(): Promise<string | undefined> {
    return this.#soon(() => this.address);
  }

  httpGet(request: HttpRequest): Promise<HttpAnswer> {
    return this.#soon(() => {
      const answer = this.onHttp(request) ?? this.web.get(request.url);
      if (answer === undefined)
        throw new FlotillaError('HTTP_FAILED', `${request.url} did not answer`, { kind: 'unavailable' });
      return answer;
    });
  }

  httpPost(request: HttpRequest & { readonly body: string }): Promise<HttpAnswer> {
    return this.httpGet(request);
  }

  rpc(request: RpcRequest): Promise<Uint8Array> {
    return this.#soon(() => {
      const answer = this.onRpc(request);
      if (answer === undefined)
        throw new FlotillaError('RPC_FAILED', `nobody listens on ${request.socket}`, {
          kind: 'unavailable',
          metadata: { system: 'ENOENT' },
        });
      return answer;
    });
  }

  resolve(name: string): Promise<readonly string[]> {
    return this.#soon(() => {
      const addresses = this.names.get(name);
      if (addresses === undefined)
        throw new FlotillaError('DNS_FAILED', `${name} has no address`, { metadata: { system: 'ENOTFOUND' } });
      return addresses;
    });
  }

  kernelLog(afterSequence: number): Promise<readonly KernelRecord[]> {
    return this.#soon(() => this.kernelRecords.filter(({ sequence }) => sequence > afterSequence).slice(0, 1000));
  }

  download(request: DownloadRequest): Promise<void> {
    return this.#change(request.path, 'download', () => {
      const content = this.blobs.get(request.sha256);
      if (content === undefined)
        throw new FlotillaError('DOWNLOAD_REFUSED', `${request.url} answered 404`, {
          kind: 'not-found',
          retry: 'later',
        });
      if (createHash('sha256').update(content).digest('hex') !== request.sha256)
        throw new FlotillaError('DOWNLOAD_CORRUPT', request.url, { retry: 'later' });
      request.onProgress?.(request.sizeBytes);
      this.put(request.path, content, request.mode);
    });
  }

  kill(pid: number): Promise<void> {
    return this.#soon(() => void this.killed.push(pid));
  }

  #parents(path: string): void {
    const parts = path.split('/').slice(1, -1);
    for (let depth = 1; depth <= parts.length; depth++) {
      const parent = `/${parts.slice(0, depth).join('/')}`;
      if (!this.entries.has(parent)) this.entries.set(parent, { kind: 'directory', mode: 0o755 });
    }
  }

  #change(path: string, verb: string, act: () => unknown): Promise<void> {
    return this.#soon(() => {
      this.onWrite(path, verb);
      act();
    });
  }

  async #soon<T>(act: () => T): Promise<T> {
    await Promise.resolve();
    return act();
  }
}
