import { execFile } from 'node:child_process';
import { join } from 'node:path';

export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

const repository = join(import.meta.dirname, '..', '..', '..');
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;

/** One real server, through the test bed's own command line. */
export class BedServer {
  private constructor(
    private readonly bed: string,
    private readonly name: string,
    /** Address of this host as the server sees it. */
    readonly hostAddress: string,
  ) {}

  static async up(bed: string): Promise<BedServer> {
    const name = 'alpha';
    const { output } = ok(await testbed(['up', name, '--bed', bed]));
    const hostAddress = /this host is (\S+)/.exec(output)?.[1];
    if (hostAddress === undefined) throw new Error(`no address of this host in:\n${output}`);
    return new BedServer(bed, name, hostAddress);
  }

  async exec(argv: readonly string[], timeoutS = 60): Promise<CommandResult> {
    return testbed(['exec', this.name, '--bed', this.bed, '--timeout', String(timeoutS), '--', ...argv]);
  }

  async push(file: string, path: string): Promise<void> {
    ok(await testbed(['push', this.name, file, path, '--bed', this.bed]));
  }

  async down(): Promise<void> {
    ok(await testbed(['down', '--bed', this.bed]));
  }
}

function ok(result: CommandResult): CommandResult {
  if (result.code !== 0) throw new Error(`test bed: exit ${String(result.code)}\n${result.output}`);
  return result;
}

/** Asynchronous, so that the fakes of this process go on answering. Both streams in one text. */
async function testbed(argv: readonly string[]): Promise<CommandResult> {
  const command = [join(repository, 'scripts/run-ts.mjs'), join(repository, 'test/testbed/main.ts'), ...argv];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { maxBuffer: OUTPUT_BYTES_MAX, cwd: repository }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}
