import { CordonNodeRequest, Node, NodeServiceService, UncordonNodeRequest } from '@flotilla/proto';
import { type Call, usageError } from '../call.js';
import { namesOf } from '../registry/nouns.js';
import { report } from './report.js';

/** `flotilla cordon NODE …` */
export async function cordon(call: Call): Promise<void> {
  await eachNode(call, 'is cordoned', async (name, cluster) => {
    const { connection, project } = await call.session();
    const request = CordonNodeRequest.create({ project, cluster, node: name, options: call.writeOptions() });
    return (await connection.unary(NodeServiceService.cordonNode, request)).node;
  });
}

/** `flotilla uncordon NODE …`: also ends a drain. */
export async function uncordon(call: Call): Promise<void> {
  await eachNode(call, 'is uncordoned', async (name, cluster) => {
    const { connection, project } = await call.session();
    const request = UncordonNodeRequest.create({ project, cluster, node: name, options: call.writeOptions() });
    return (await connection.unary(NodeServiceService.uncordonNode, request)).node;
  });
}

async function eachNode(
  call: Call,
  deed: string,
  act: (name: string, cluster: string) => Promise<Node | undefined>,
): Promise<void> {
  for (const name of nodeNames(call.list('node'))) {
    const node = await act(name, call.options.text('cluster') ?? '');
    await report(call, { noun: 'node', name, deed, json: node && Node.toJSON(node) });
  }
}

/** `bravo charlie`, `node/bravo node/charlie` and `node bravo charlie` mean the same. */
export function nodeNames(words: readonly string[]): readonly string[] {
  const nouns = namesOf('node');
  const [first = '', ...rest] = words;
  const names = nouns.includes(first) && rest.length > 0 ? rest : words;
  return names.map((word) => {
    const slash = word.indexOf('/');
    if (slash < 0) return word;
    if (!nouns.includes(word.slice(0, slash)) || slash === word.length - 1)
      throw usageError(`"${word}" is no node`, 'For example: bravo, or node/bravo.');
    return word.slice(slash + 1);
  });
}
