import { unit, type Mutant } from './mutant.js';

/** Sessions of agents. */
export const sessionsMutants: readonly Mutant[] = [
  {
    id: 'resend-never',
    bug: 'a target that was lost is not sent again',
    file: 'control-plane/src/session/dispatch.ts',
    find: 'this.parts.clock.now().monotonicMs - sent.atMs >= resendMs',
    replace: 'this.parts.clock.now().monotonicMs - sent.atMs >= 1e12',
    unit: unit('control-plane', 'session/dispatch'),
  },
  {
    id: 'ack-ignored',
    bug: 'a target that was acknowledged is sent for ever',
    file: 'control-plane/src/session/dispatch.ts',
    find: 'if (held && sameSecrets) return;',
    replace: '',
    unit: unit('control-plane', 'session/dispatch'),
  },
  {
    id: 'retired-served',
    bug: 'a retired machine keeps its session',
    file: 'control-plane/src/session/sessions.ts',
    find: 'if (machine?.status.state === MachineState.RETIRED) session.refuse(refusals.retired);',
    replace: '',
    unit: unit('control-plane', 'session/sessions'),
  },
  {
    id: 'session-epoch-stays',
    bug: 'two sessions have the same epoch',
    file: 'control-plane/src/session/sessions.ts',
    find: '    this.#sessionEpoch += 1n;',
    replace: '',
    unit: unit('control-plane', 'session/sessions'),
  },
];
