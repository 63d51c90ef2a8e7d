/** The packages whose sources are held to the rules. */
export const packages = [
  'proto',
  'kit',
  'artifacts',
  'kube',
  'core',
  'health',
  'control-plane',
  'node-agent',
  'cli',
  'installer',
  'test',
];

export const maxFileLines = 400;

/** The first prefix that fits a file is its row: what it may import besides its own folder. */
export interface ImportRule {
  readonly from: string;
  /** Repository prefixes, `@flotilla/x` packages, npm packages and node: modules. */
  readonly may: readonly string[];
}

const pure = ['@flotilla/kit', '@flotilla/proto', 'core/src/domain'];
const storeContract = ['core/src/store/store', 'core/src/store/change'];
const cpFloor = ['@flotilla/kit', '@flotilla/proto', '@flotilla/core', '@flotilla/health'];

export const importRules: readonly ImportRule[] = [
  { from: 'proto/', may: ['@bufbuild/protobuf', '@grpc/grpc-js'] },
  { from: 'kit/src/random', may: ['node:crypto'] },
  { from: 'kit/', may: [] },
  { from: 'kube/', may: ['@flotilla/kit', 'node:', 'yaml'] },
  { from: 'artifacts/', may: ['@flotilla/kit', 'node:', 'zod', 'tar-stream'] },
  { from: 'core/src/domain/', may: ['@flotilla/kit', '@flotilla/proto'] },
  { from: 'core/src/plan/', may: pure },
  { from: 'core/src/store/store', may: [...pure, 'core/src/store/'] },
  { from: 'core/src/store/change', may: pure },
  { from: 'core/src/store/', may: [...pure, 'core/src/store/', 'kysely', 'better-sqlite3', 'node:'] },
  // Stories are told with the world that tests use.
  { from: 'core/src/reconcile/golden/', may: ['@flotilla/kit', '@flotilla/proto', 'core/src/'] },
  {
    from: 'core/src/reconcile/',
    may: [...pure, ...storeContract, 'core/src/store/', 'core/src/plan/', '@flotilla/kube'],
  },
  { from: 'core/src/index', may: ['core/src/'] },
  { from: 'health/src/plan/', may: ['@flotilla/kit', '@flotilla/proto', '@flotilla/core'] },
  { from: 'health/', may: ['@flotilla/kit', '@flotilla/proto', '@flotilla/core', 'health/src/'] },
  { from: 'control-plane/src/session/', may: [...cpFloor, '@grpc/grpc-js', 'node:crypto'] },
  { from: 'control-plane/src/enroll/', may: [...cpFloor, '@peculiar/x509', 'reflect-metadata', 'node:'] },
  { from: 'control-plane/src/access/', may: [...cpFloor, 'node:crypto'] },
  { from: 'control-plane/src/audit/', may: cpFloor },
  { from: 'control-plane/src/feed/', may: cpFloor },
  {
    from: 'control-plane/src/api/',
    may: [
      ...cpFloor,
      '@flotilla/kube',
      '@flotilla/artifacts',
      'control-plane/src/session/',
      'control-plane/src/enroll/',
      'control-plane/src/access/',
      'control-plane/src/feed/',
      'control-plane/src/audit/',
      '@grpc/',
      'grpc-health-check',
      'node:',
      'yaml',
      '@peculiar/x509',
      'reflect-metadata',
    ],
  },
  {
    from: 'control-plane/src/web/',
    may: [
      ...cpFloor,
      '@flotilla/artifacts',
      'control-plane/src/api/',
      'control-plane/src/access/',
      'control-plane/src/feed/',
      'node:',
      'prom-client',
      'ws',
      // JSON and OpenAPI are read from the descriptors.
      '@bufbuild/protobuf',
    ],
  },
  {
    from: 'control-plane/',
    may: [
      'control-plane/',
      '@flotilla/',
      'node:',
      '@grpc/',
      'pino',
      'yaml',
      'prom-client',
      '@bufbuild/protobuf',
      'reflect-metadata',
      '@peculiar/x509',
    ],
  },
  {
    from: 'node-agent/src/host/',
    may: ['@flotilla/kit', '@flotilla/proto', 'node:', '@peculiar/x509', 'reflect-metadata'],
  },
  {
    from: 'node-agent/src/steps/',
    may: [
      '@flotilla/kit',
      '@flotilla/proto',
      'node-agent/src/host/',
      'node-agent/src/steps/',
      'yaml',
      'node:crypto',
      '@peculiar/x509',
      'reflect-metadata',
    ],
  },
  { from: 'node-agent/src/probes/', may: ['@flotilla/kit', '@flotilla/proto', 'node-agent/src/host/'] },
  {
    from: 'node-agent/src/observe/',
    may: [
      '@flotilla/kit',
      '@flotilla/proto',
      'node-agent/src/host/',
      'node-agent/src/steps/',
      'systeminformation',
      'node:crypto',
      'node:os',
    ],
  },
  {
    from: 'node-agent/src/work/',
    may: [
      '@flotilla/kit',
      '@flotilla/proto',
      'node-agent/src/host/',
      'node-agent/src/steps/',
      'node-agent/src/observe/',
    ],
  },
  {
    from: 'node-agent/src/link/',
    may: [
      '@flotilla/kit',
      '@flotilla/proto',
      'node-agent/src/work/',
      'node-agent/src/host/',
      '@grpc/grpc-js',
      'node:',
      '@peculiar/x509',
      'reflect-metadata',
    ],
  },
  {
    from: 'node-agent/',
    may: [
      'node-agent/',
      '@flotilla/kit',
      '@flotilla/proto',
      'node:',
      '@grpc/grpc-js',
      'reflect-metadata',
      '@peculiar/x509',
      'systeminformation',
    ],
  },
  {
    from: 'cli/',
    may: ['cli/', '@flotilla/kit', '@flotilla/proto', 'node:', '@grpc/grpc-js', 'commander', 'picocolors', 'yaml'],
  },
  { from: 'installer/', may: ['installer/', '@flotilla/kit', 'node:'] },
];

/** A call that has one home; elsewhere the port is to be used. */
export interface BannedCall {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Prefixes of the files that are its home. */
  readonly homes: readonly string[];
}

export const bannedCalls: readonly BannedCall[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)/, instead: "kit's Clock", homes: ['kit/src/clock.ts'] },
  {
    pattern: /\b(setTimeout|setInterval)\(/,
    instead: "kit's Clock.sleep",
    homes: ['kit/src/clock.ts', 'artifacts/src/adapters/'],
  },
  { pattern: /\bMath\.random\(/, instead: "kit's Random", homes: [] },
  { pattern: /\bconsole\./, instead: "kit's Logger, or the command's Env", homes: [] },
  {
    pattern: /\bprocess\.env\b/,
    instead: 'the configuration, read once in main.ts',
    homes: [
      'control-plane/src/main.ts',
      'node-agent/src/main.ts',
      'cli/src/main.ts',
      'artifacts/src/main.ts',
      'artifacts/src/adapters/exec.ts',
    ],
  },
  {
    pattern: /\b(await|return|void|=) fetch\(|\bglobalThis\.fetch\b/,
    instead: 'node:https (the agent runs without WebAssembly, so fetch dies)',
    homes: [],
  },
  { pattern: /shell:\s*true|\bexecSync\(|\bexec\(\s*`/, instead: 'an argv array', homes: [] },
];

/** Words that may not be merged. */
export const bannedWords = /\b(FIXME|XXX|HACK)\b/;
