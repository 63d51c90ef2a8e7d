import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Progress } from './progress.js';
import { down, kubectl, quickstart, type QuickstartOptions } from './stages.js';
import { withoutRoot } from './without-root.js';

const usage = `usage: npm run quickstart                one control plane, three local servers, one real cluster, one app
       npm run quickstart -- down        stop and remove all of it
       npm run quickstart -- --help`;

async function main(args: readonly string[]): Promise<number> {
  const root = resolve(process.env['FLOTILLA_ROOT'] ?? '.');
  const progress = new Progress();
  const options: QuickstartOptions = {
    root,
    dir: join(root, '.flotilla/quickstart'),
    bedName: 'demo',
    kubernetesVersion: 'v1.34.4',
    progress,
  };
  const [verb = 'up', ...rest] = args;
  if (verb === '--help' || verb === '-h') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if ((verb !== 'up' && verb !== 'down') || rest.length > 0) {
    process.stderr.write(`quickstart knows "down" and nothing else (is ${JSON.stringify(args.join(' '))})\n${usage}\n`);
    return 2;
  }
  if (process.getuid?.() !== 0) return withoutRoot(options, verb);
  if (verb === 'down') {
    await down(options, (dir) => rmSync(dir, { recursive: true, force: true }));
    progress.line('Everything of the quickstart is gone. The cache of built binaries stays.');
    return 0;
  }
  const running = await quickstart(options);
  process.stdout.write(
    `\n${await kubectl(running.kubeconfig, ['get', 'nodes'])}\n${running.answers.join('\n')}\n\n${whatNext(running.controlPlane.cliEnv['FLOTILLACONFIG'] ?? '')}\n`,
  );
  progress.line(`(${progress.elapsed} in all)`);
  return 0;
}

function whatNext(config: string): string {
  return `It is all running. Try:
  export FLOTILLACONFIG=${config}
  npx flotilla get nodes -w                    and, in another terminal:
  npm run testbed -- powercut charlie          watch Flotilla see it and explain; then: poweron charlie
  npx flotilla describe node charlie
  npx flotilla kubeconfig demo > demo.yaml && .flotilla/quickstart/kubectl --kubeconfig demo.yaml get pods -A
Stop and remove everything: npm run quickstart -- down`;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(
      `\n${error instanceof Error ? error.message : String(error)}\n\nWhat is there stays for a look. Go on where it ended: npm run quickstart. Remove all: npm run quickstart -- down\n`,
    );
    process.exitCode = 1;
  },
);
