import { systemRandom } from '@flotilla/kit';
import type { Change } from '../store/change.js';
import { openSqliteStore } from '../store/sqlite/open.js';
import { someEvent, someMachine } from './samples.js';

/**
 * Commits without pause until it is killed, and prints the number of each commit once it was acknowledged.
 * Arguments: data directory, worker file, first number, wall time.
 */
const [dataDir = '', workerFile = '', first = '0', nowText = '0'] = process.argv.slice(2);
const nowMs = Number(nowText);
const store = await openSqliteStore({
  dataDir,
  hostId: 'host-1',
  nowMs,
  random: systemRandom,
  writer: { workerFile },
  onFatal: (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(3);
  },
});
const project = await store.read.project('default');
const projectId = project?.id ?? '';
let next = Number(first);

async function commitForEver(): Promise<never> {
  for (;;) {
    const number = next++;
    const id = `mch_${number}`;
    const changes: Change[] = [
      { kind: 'token.spend', tokenId: 'tok_crash', identityKeySha256: `key-${number}`, machineId: id },
      { kind: 'machine.register', machine: someMachine(projectId, id, { name: `host-${number}` }) },
      { kind: 'event.append', event: someEvent({ resourceId: id, message: String(number) }) },
      {
        kind: 'audit.append',
        entry: { projectId, action: 'crash', resourceKind: 'machine', resourceId: id, result: 'OK', details: {} },
      },
    ];
    await store.commit(changes, { owner: 'enroll', nowMs, actor: 'test' });
    process.stdout.write(`${number}\n`);
  }
}
await Promise.all(Array.from({ length: 20 }, () => commitForEver()));
