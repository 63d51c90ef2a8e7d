/** A program and its arguments. There is no shell anywhere, so nothing is ever quoted. */
export type Argv = readonly [program: string, ...args: string[]];

export interface RunOptions {
  /** The whole process group is killed when it takes longer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Added to a minimal environment (PATH, LANG); the agent's own is never inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Each complete line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface RunResult {
  /** 128 + signal when killed, as shells count. 127 when the program is not there. */
  readonly exitCode: number;
  /** The last 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly sizeBytes: number;
  /** Permission bits, for example 0o600. */
  readonly mode: number;
  readonly modifiedMs: number;
}

export interface FileSystemSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** 0 where the file system makes them as needed (btrfs). */
  readonly totalInodes: number;
  readonly freeInodes: number;
}

export interface HttpRequest {
  readonly url: string;
  readonly timeoutMs: number;
  /** PEM. Without it, https is refused: nothing is fetched from an unverified peer. */
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** At most 1 MiB. */
  readonly body: string;
  /** The other side's wall clock, from its Date header; second precision. */
  readonly dateMs?: number;
}

/** One unary gRPC call over a unix socket, with an empty request. */
export interface RpcRequest {
  readonly socket: string;
  /** For example /runtime.v1.RuntimeService/Status. */
  readonly method: string;
  readonly timeoutMs: number;
}

/** One line of the kernel's log. */
export interface KernelRecord {
  readonly sequence: number;
  /** Since boot. */
  readonly atMs: number;
  readonly text: string;
}

export interface DownloadRequest extends HttpRequest {
  /** Where the verified file shall be. The unfinished one lies beside it as `<path>.part`. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly onProgress?: (doneBytes: number) => void;
}

/**
 * The port to the machine. Everything a step does goes through it, so steps are tested without root. Paths are absolute.
 * Errors are `FlotillaError`; absence is `undefined`, never an error.
 */
export interface Host {
  run(argv: Argv, options: RunOptions): Promise<RunResult>;
  /** Text of a file of at most 4 MiB; undefined when it is not there. */
  read(path: string): Promise<string | undefined>;
  /** temp file, fsync, rename, fsync of the directory. */
  writeAtomic(path: string, content: string, mode: number): Promise<void>;
  /** In place, for /proc and /sys only. */
  writeDirect(path: string, content: string): Promise<void>;
  /** Adds to the end and fsyncs: when it returns, the text is durable. */
  append(path: string, content: string, mode: number): Promise<void>;
  /** A file, a link, or a whole tree; nothing happens when it is not there. The caller has made sure that nothing is mounted below. */
  remove(path: string): Promise<void>;
  /** False when the directory is not there or not empty. */
  removeEmptyDir(path: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  /** Names in a directory; undefined when it is not there. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** Of the thing itself, links are not followed. */
  stat(path: string): Promise<FileStat | undefined>;
  exists(path: string): Promise<boolean>;
  /** Undefined when there is no link of that name. */
  readLink(path: string): Promise<string | undefined>;
  /** Replaces atomically whatever link was there. */
  symlink(path: string, target: string): Promise<void>;
  makeDir(path: string, mode: number): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  space(path: string): Promise<FileSystemSpace | undefined>;
  /** Absolute path of a program in the usual directories. */
  which(program: string): Promise<string | undefined>;
  /** Whether a TCP connection to it opens in time. */
  connects(host: string, port: number, timeoutMs: number): Promise<boolean>;
  /** Address of this host on the way to another; undefined when there is no way. Sends nothing. */
  addressTowards(host: string, port: number): Promise<string | undefined>;
  /** Errors carry the system's code in `metadata.system`, ETIMEDOUT for silence. */
  httpGet(request: HttpRequest): Promise<HttpAnswer>;
  /** JSON in, JSON out. */
  httpPost(request: HttpRequest & { readonly body: string }): Promise<HttpAnswer>;
  /** The bytes of the answer's message. */
  rpc(request: RpcRequest): Promise<Uint8Array>;
  /** Addresses of a name, as this host's own files and resolver say, or as one given DNS server says. Throws DNS_FAILED. */
  resolve(name: string, options: { readonly timeoutMs: number; readonly server?: string }): Promise<readonly string[]>;
  /** At most 1,000 records after the given sequence, oldest first; undefined where the kernel's log may not be read. */
  kernelLog(afterSequence: number): Promise<readonly KernelRecord[] | undefined>;
  /** Resumes `<path>.part`, checks size and sha256, fsyncs, renames. */
  download(request: DownloadRequest): Promise<void>;
  kill(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): Promise<void>;
}
