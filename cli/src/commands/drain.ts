import { DrainNodeRequest, GetNodeRequest, Node, type NodeDrain, NodeServiceService } from '@flotilla/proto';
import { FlotillaError, formatDuration } from '@flotilla/kit';
import { type Call, usageError } from '../call.js';
import { drainLines } from '../output/drain.js';
import { toDuration } from '../parse.js';
import { isDrained } from '../resources/node-words.js';
import { answered } from '../resources/resource.js';
import { watchUntil } from '../watch.js';
import { confirmByName } from './confirm.js';
import { report } from './report.js';
import { nodeNames } from './schedule.js';

const resyncMs = 2000;
/** How long after the server's deadline its decision is waited for. */
const afterDeadlineMs = 120_000;

/** `flotilla drain NODE`: asks for it, then shows what is left and what blocks until the node is empty. */
export async function drain(call: Call): Promise<void> {
  const [name = '', ...more] = nodeNames(call.list('node'));
  if (more.length > 0)
    throw usageError('drain one node at a time', 'Pods of the first may need the room of the second.');
  const { connection, project } = await call.session();
  const { options } = call;
  const cluster = options.text('cluster') ?? '';
  const get = GetNodeRequest.create({ project, cluster, node: name });
  const found = answered((await connection.unary(NodeServiceService.getNode, get)).node, 'node');
  const force = options.flag('force');
  if (force) await confirmForce(call, name, 'drain');
  const request = DrainNodeRequest.create({
    project,
    cluster,
    node: found.meta?.id ?? name,
    drain: { timeout: toDuration(options.number('timeout')), force },
    options: call.writeOptions(),
  });
  const { node } = await connection.unary(NodeServiceService.drainNode, request);
  if (call.dryRun || options.flag('no-wait')) {
    await report(call, { noun: 'node', name, deed: 'is being drained', json: node && Node.toJSON(node) });
    if (!call.dryRun) call.note(`Follow it: flotilla wait node/${name} --for drained`);
    return;
  }
  await followDrain(call, name, get);
}

/** Said before pods lose the protection of their budgets. */
export async function confirmForce(call: Call, name: string, deed: string): Promise<void> {
  await confirmByName(call, { noun: 'node', name, deed: `${deed} by force` }, [
    `This empties node ${name}. Pods that still stand when the time is over are deleted, also where a disruption budget protects them.`,
    'Applications may lose replicas that they need. Without --force it would be parked, and a person decides.',
  ]);
}

async function followDrain(call: Call, name: string, get: GetNodeRequest): Promise<void> {
  const session = await call.session();
  const { clock, random, signal } = call.env;
  const startMs = clock.now().monotonicMs;
  let last = '';
  let asked = false;
  const onLost = ({ message }: FlotillaError): void => call.note(`${message}; trying again`);
  await watchUntil({ session, clock, random, signal, resyncMs, onLost }, async () => {
    const node = answered((await session.connection.unary(NodeServiceService.getNode, get)).node, 'node');
    const state = node.status?.drain;
    if (node.spec?.drained === true) asked = true;
    else if (asked) throw endedMeanwhile(name);
    if (state === undefined) return false;
    const text = drainLines(state, isDrained(node), clock.now().wallMs).join('\n');
    if (text !== last) tell(call, text);
    last = text;
    if (state.parked) throw parked(name, state);
    const overMs = clock.now().wallMs - (state.deadlineTime?.getTime() ?? Infinity);
    if (overMs > afterDeadlineMs) throw notInTime(name, state);
    return isDrained(node);
  });
  call.print(`node/${name} is drained after ${formatDuration(clock.now().monotonicMs - startMs)}`);
  call.note(`It stays cordoned. To use it again: flotilla uncordon ${name}`);
}

function tell(call: Call, text: string): void {
  if (call.options.flag('progress')) call.env.stderr.write(`${text}\n`);
  else call.note(text);
}

function parked(name: string, { podsLeft, blocked }: NodeDrain): FlotillaError {
  const what = blocked.length === 0 ? '' : `:\n${blocked.map((each) => `  ${each}`).join('\n')}`;
  return new FlotillaError('DRAIN_PARKED', `node ${name} is not empty in time, ${podsLeft} left${what}`, {
    kind: 'precondition',
    remedy: [
      `Free what blocks, then: flotilla retry node ${name}. To take it back: flotilla uncordon ${name}`,
      `To delete them all the same (role Admin): flotilla drain ${name} --force`,
    ].join('\n'),
  });
}

function notInTime(name: string, { podsLeft }: NodeDrain): FlotillaError {
  return new FlotillaError(
    'DRAIN_TIMEOUT',
    `the time for node ${name} is over and the server has not said how it ends; ${podsLeft} left`,
    {
      kind: 'timeout',
      remedy: `Look closer: flotilla describe node ${name}`,
    },
  );
}

function endedMeanwhile(name: string): FlotillaError {
  return new FlotillaError('DRAIN_ENDED', `somebody took the drain of node ${name} back`, {
    kind: 'precondition',
    remedy: `See who: flotilla audit, and flotilla logs node/${name}`,
  });
}
