import { unit, type Mutant } from './mutant.js';

/** Nonces, epochs and journals on the host. */
export const agentMutants: readonly Mutant[] = [
  {
    id: 'nonce-twice',
    bug: 'a nonce that was started is started again',
    file: 'node-agent/src/work/nonces.ts',
    find: 'known(act)?.nonce !== nonce',
    replace: "known(act)?.nonce !== nonce || known(act)?.state === 'interrupted'",
    unit: unit('node-agent', 'work/nonces'),
  },
  {
    id: 'act-before-line',
    bug: 'the line of a nonce is written after the act',
    file: 'node-agent/src/work/worker.ts',
    find: "      await journal.append({ kind: 'nonce', act, nonce, state: 'started', bootId });\n",
    replace: '',
    unit: unit('node-agent', 'work/worker'),
  },
  {
    id: 'reboot-believed',
    bug: 'a reboot counts as done with the same boot id',
    file: 'node-agent/src/work/nonces.ts',
    find: "record.act === 'reboot' && record.bootId !== bootId",
    replace: "record.act === 'reboot'",
    unit: unit('node-agent', 'work/nonces'),
  },
  {
    id: 'older-generation-obeyed',
    bug: 'an older generation replaces a newer one',
    file: 'node-agent/src/work/target-file.ts',
    find: "return incoming.generation > held.generation ? 'newer' : 'older';",
    replace: "return 'newer';",
    unit: unit('node-agent', 'work/target-file'),
  },
  {
    id: 'epoch-forgotten',
    bug: 'targets are ordered by generation alone',
    file: 'node-agent/src/work/target-file.ts',
    find: "if (incoming.epoch !== held.epoch) return incoming.epoch > held.epoch ? 'newer' : 'older';",
    replace: '',
    unit: unit('node-agent', 'work/target-file'),
  },
  {
    id: 'empty-journal-acts',
    bug: 'an empty journal carries out what may have been done',
    file: 'node-agent/src/work/nonces.ts',
    find: "for (const [act, nonce] of wantedNonces(maintenance))\n    await journal.append({ kind: 'nonce', act, nonce, state: 'spent', bootId });",
    replace: '',
    unit: unit('node-agent', 'work/worker'),
  },
];
