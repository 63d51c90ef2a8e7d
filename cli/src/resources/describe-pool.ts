import {
  HealthVerdict,
  ListNodesRequest,
  type MachineSelector,
  type Node,
  type NodePool,
  NodePoolRole,
  NodePoolState,
  NodeServiceService,
} from '@flotilla/proto';
import { formatBytes } from '@flotilla/kit';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, section, sentence } from '../output/describe.js';
import { holdLines, pauseText, verdictCell } from '../output/health.js';
import type { Painter } from '../output/paint.js';
import { poolStateText } from '../output/states.js';
import { listEvents } from './events.js';
import { isMember } from './node-story.js';
import { nodeStatusText, nodeWarning } from './node-words.js';
import { allPages } from './pages.js';
import { dash, locationText } from './places.js';
import { healthText, updateText } from './pool-words.js';

const eventsShown = 8;
const nodesShown = 10;
const mismatchesShown = 8;

/** One screen: counts, what holds, what is missing and why, how far a rollout is, and the nodes that stand out. */
export async function describePool(pool: NodePool, session: Session, nowMs: number, paint: Painter): Promise<string[]> {
  const { meta, spec, status } = pool;
  const [{ events }, nodes] = await Promise.all([
    listEvents(session, { resource: meta?.id ?? '', kind: 'pool', countMax: eventsShown }),
    nodesOf(pool, session),
  ]);
  const text = poolStateText(status?.state ?? NodePoolState.UNSPECIFIED);
  const total = status?.nodesTotal ?? 0;
  const healthy = `${status?.nodesHealthy ?? 0} of ${total} ${total === 1 ? 'node' : 'nodes'} healthy`;
  const wanted = spec?.size === undefined ? 'open: who enrolls for it joins' : `${spec.size} wanted`;
  return [
    `Pool ${meta?.name ?? ''} (${meta?.id ?? ''}) of ${pool.cluster}: ${text}, ${healthy}, ${wanted}`,
    ...field('Status', sentence(text, status?.message ?? '')),
    ...field('Held', holdLines(status?.holds ?? [], nowMs).join('\n')),
    ...field('Paused', pauseText(status?.pause, nowMs)),
    ...field('Missing', missingText(pool)),
    ...field('Rollout', rolloutText(pool)),
    ...field('You can', cureOf(pool)),
    ...field('Takes', selectorText(spec?.selector)),
    ...field('Template', `revision ${status?.templateRevision ?? 0n}, ${roleText(spec?.role)}, ${templateText(pool)}`),
    ...field('Health', healthText(spec?.health)),
    ...field('Updates', updateText(spec)),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...nodeLines(nodes, status?.templateRevision ?? 0n, paint),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...eventLines(events, nowMs, paint),
  ];
}

async function nodesOf({ meta, cluster }: NodePool, { connection, project }: Session): Promise<readonly Node[]> {
  return allPages(async (page) => {
    const request = ListNodesRequest.create({ project, cluster, nodePool: meta?.name ?? '', options: page });
    const { nodes: items, nextPageToken } = await connection.unary(NodeServiceService.listNodes, request);
    return { items, nextPageToken };
  });
}

export function roleText(role: NodePoolRole | undefined): string {
  return role === NodePoolRole.CONTROL_PLANE ? 'control-plane' : 'worker';
}

function missingText({ status }: NodePool): string {
  const missing = status?.missing ?? 0;
  if (missing === 0) return '';
  const all = status?.mismatches ?? [];
  const lines = all
    .slice(0, mismatchesShown)
    .map(({ machineName, reasons }) => `${machineName}: ${reasons.join('; ')}`);
  const more = all.length > mismatchesShown ? [`and ${all.length - mismatchesShown} more`] : [];
  const why = all.length === 0 ? 'there is no spare to look at' : 'no spare matches:';
  return [`${missing} ${missing === 1 ? 'machine' : 'machines'}; ${why}`, ...lines, ...more].join('\n');
}

function rolloutText({ status }: NodePool): string {
  const { nodesUpdated = 0, nodesTotal = 0, templateRevision = 0n } = status ?? {};
  if (nodesUpdated >= nodesTotal) return '';
  const state = status?.state === NodePoolState.UPDATING ? 'under way' : 'not under way';
  return `${state}: ${nodesUpdated} of ${nodesTotal} nodes have revision ${templateRevision}`;
}

function cureOf({ meta, cluster, status }: NodePool): string {
  const name = meta?.name ?? '';
  const cures: string[] = [];
  if ((status?.missing ?? 0) > 0) cures.push(`add a server: flotilla token create --pool ${name} --cluster ${cluster}`);
  if ((status?.holds ?? []).some(({ reason }) => reason !== 'Paused'))
    cures.push('look at the nodes below; it resumes by itself');
  if (status?.pause !== undefined) cures.push(`end the pause: flotilla resume pool ${name} --cluster ${cluster}`);
  return cures.join('\n');
}

/** What a machine must be to be claimed, in words. */
function selectorText(selector: MachineSelector | undefined): string {
  if (selector === undefined) return 'any machine';
  const place = locationText(selector.location, true);
  const rules = [
    ...Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`),
    ...[selector.os, selector.arch].filter((each) => each !== ''),
    ...(selector.minCpus > 0 ? [`at least ${selector.minCpus} cpu`] : []),
    ...(selector.minMemoryBytes > 0n ? [`at least ${formatBytes(Number(selector.minMemoryBytes))} memory`] : []),
    ...(selector.minDiskBytes > 0n ? [`at least ${formatBytes(Number(selector.minDiskBytes))} disk`] : []),
    ...(place === '-' ? [] : [`in ${place}`]),
  ];
  return rules.length === 0 ? 'any machine' : `machines with ${rules.join(', ')}`;
}

function templateText({ spec }: NodePool): string {
  const template = spec?.template;
  const taints = (template?.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value === '' ? '' : `=${value}`}:${effect}`,
  );
  const kubelet = [
    ...(template === undefined || template.maxPods === 0 ? [] : [`at most ${template.maxPods} pods`]),
    ...Object.entries({
      'system reserved': template?.systemReserved ?? {},
      'kube reserved': template?.kubeReserved ?? {},
      'eviction hard': template?.evictionHard ?? {},
    }).flatMap(([name, values]) => (Object.keys(values).length === 0 ? [] : [`${name} ${labelText(values)}`])),
  ];
  const lines = [
    `Kubernetes ${dash(template?.kubernetesVersion ?? '')}`,
    ...(Object.keys(template?.labels ?? {}).length === 0 ? [] : [`labels ${labelText(template?.labels ?? {})}`]),
    ...(taints.length === 0 ? [] : [`taints ${taints.join(', ')}`]),
    ...(kubelet.length === 0 ? [] : [`kubelet ${kubelet.join(', ')}`]),
    ...((template?.skippedChecks.length ?? 0) === 0
      ? []
      : [`skipped checks ${template?.skippedChecks.join(', ') ?? ''}`]),
  ];
  return lines.join('\n');
}

/** Those that stand out; the others are counted. */
function nodeLines(nodes: readonly Node[], revision: bigint, paint: Painter): string[] {
  const notes = nodes.map((node) => ({ node, note: noteOf(node, revision) }));
  const standOut = notes.filter(({ note }) => note !== undefined);
  const plain = nodes.length - standOut.length;
  if (standOut.length === 0) return [];
  const rows = standOut
    .slice(0, nodesShown)
    .map(({ node, note = '' }) => [
      node.meta?.name ?? '',
      nodeStatusText(node),
      verdictCell(node.status?.health).text,
      note,
    ]);
  const more = standOut.length - rows.length;
  const rest = [
    ...(more > 0 ? [`and ${more} more like these: flotilla get nodes`] : []),
    ...(plain > 0 ? [`${plain} ${plain === 1 ? 'other is' : 'others are'} as wanted`] : []),
  ];
  return [...section(['Nodes', 'STATUS', 'HEALTH', 'WHAT'], rows, paint), ...rest];
}

/** What is special about a node; undefined when nothing is. */
function noteOf(node: Node, revision: bigint): string | undefined {
  const { status } = node;
  if (status === undefined) return undefined;
  const behind =
    isMember(status.state) && status.observedTemplateRevision !== 0n && status.observedTemplateRevision < revision;
  const sick = status.health !== undefined && status.health.reason !== '';
  const notes = [
    nodeWarning(node).text.replace(/^! /, ''),
    sick ? (status.health?.message ?? '') : '',
    behind ? `has revision ${status.observedTemplateRevision}` : '',
    status.drain !== undefined && status.drain.podsLeft > 0 ? `${status.drain.podsLeft} pods have to leave` : '',
  ].filter((note) => note !== '' && note !== 'held');
  const fine =
    isMember(status.state) &&
    (status.health === undefined ||
      status.health.verdict === HealthVerdict.HEALTHY ||
      status.health.verdict === HealthVerdict.UNSPECIFIED);
  return fine && notes.length === 0 ? undefined : notes.join('; ');
}
