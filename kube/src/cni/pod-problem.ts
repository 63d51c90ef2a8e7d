import type { KubeContainer, KubePod } from '../objects.js';
import type { CniProblem, CniProblemKind } from './problem.js';

const imageReasons = [
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
];
const configReasons = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'PostStartHookError'];

/** What is wrong with one pod, in a sentence; undefined when it runs and is ready. */
export function podProblem(pod: KubePod): CniProblem | undefined {
  if (pod.meta.deletingSinceMs !== undefined) return undefined;
  const failed = pod.containers
    .map((container) => containerProblem(pod, container))
    .find((found) => found !== undefined);
  if (failed !== undefined) return failed;
  const scheduled = pod.conditions.find(({ type }) => type === 'PodScheduled');
  if (pod.nodeName === '' && scheduled?.status === 'False') {
    const why = scheduled.message === '' ? scheduled.reason : scheduled.message;
    return problem(
      'pending',
      pod,
      `${nameOf(pod)} finds no node: ${short(why)}.`,
      'Make room or remove what keeps it away.',
    );
  }
  if (pod.phase === 'Running' || pod.phase === 'Succeeded') return notReady(pod);
  if (pod.phase === 'Failed') {
    const why = short(pod.reason || 'no reason given');
    return problem('crash', pod, `${nameOf(pod)}${onNode(pod)} has failed: ${why}.`, describe(pod));
  }
  return problem('starting', pod, `${nameOf(pod)}${onNode(pod)} is starting.`, '');
}

function notReady(pod: KubePod): CniProblem | undefined {
  if (pod.phase === 'Succeeded') return undefined;
  const container = pod.containers.find(({ init, ready }) => !init && !ready);
  const ready = pod.conditions.find(({ type }) => type === 'Ready');
  if (container === undefined && ready?.status !== 'False') return undefined;
  const who = container === undefined ? '' : `, container ${container.name},`;
  return problem(
    'not-ready',
    pod,
    `${nameOf(pod)}${onNode(pod)}${who} runs and is not ready yet.`,
    logs(pod, container),
  );
}

function containerProblem(pod: KubePod, container: KubeContainer): CniProblem | undefined {
  const { reason, message, image, name, lastEnd, restarts } = container;
  if (container.state === 'waiting' && imageReasons.includes(reason)) {
    const why = message === '' ? reason : `${reason}: ${short(message)}`;
    const remedy =
      'Nodes get images from the mirror: check that its artifacts are complete, and the phase load-images of the node.';
    return problem('image', pod, `${nameOf(pod)}${onNode(pod)} has no image ${image}: ${why}.`, remedy);
  }
  if (container.state === 'waiting' && configReasons.includes(reason))
    return problem(
      'crash',
      pod,
      `${nameOf(pod)}${onNode(pod)} cannot start ${name}: ${reason}: ${short(message)}.`,
      describe(pod),
    );
  const ended = container.state === 'terminated' && !container.ready && reason !== 'Completed';
  if (reason !== 'CrashLoopBackOff' && !ended && !(restarts > 0 && !container.ready && lastEnd !== undefined))
    return undefined;
  // An init container that has done its work ends for good.
  if (container.state === 'terminated' && reason === 'Completed') return undefined;
  const last = ended ? `${reason}: ${short(message)}` : lastWords(container);
  const times = restarts === 1 ? 'once' : `${restarts} times`;
  return problem(
    'crash',
    pod,
    `${nameOf(pod)}${onNode(pod)}: ${name} ended ${times}, last with ${last}.`,
    logs(pod, container),
  );
}

function lastWords({ lastEnd }: KubeContainer): string {
  if (lastEnd === undefined) return 'no word about why';
  const code = `exit code ${lastEnd.exitCode}${lastEnd.reason === '' || lastEnd.reason === 'Error' ? '' : ` (${lastEnd.reason})`}`;
  return lastEnd.message === '' ? code : `${code}: ${short(lastEnd.message)}`;
}

function problem(kind: CniProblemKind, pod: KubePod, message: string, remedy: string): CniProblem {
  return { kind, nodeName: pod.nodeName, pod: nameOf(pod), message, remedy };
}

function nameOf({ meta }: KubePod): string {
  return `${meta.namespace}/${meta.name}`;
}

function onNode({ nodeName }: KubePod): string {
  return nodeName === '' ? '' : ` on ${nodeName}`;
}

function describe({ meta }: KubePod): string {
  return `Look at: kubectl -n ${meta.namespace} describe pod ${meta.name}`;
}

function logs({ meta }: KubePod, container: KubeContainer | undefined): string {
  const which = container === undefined ? '' : ` -c ${container.name}`;
  return `Look at: kubectl -n ${meta.namespace} logs ${meta.name}${which}${(container?.restarts ?? 0) > 0 ? ' --previous' : ''}`;
}

/** The end of a foreign text, one line: what was said last is what matters. */
function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length > 300 ? `…${line.slice(-300)}` : line;
}
