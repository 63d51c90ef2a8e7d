import { EventSeverity } from '@flotilla/proto';
import type { World } from '../../testing/world.js';

/** Events after a revision, one section per resource, in the order in which they happened there. */
export async function transcript(world: World, title: string, afterRevision: number): Promise<string> {
  const sections = new Map<string, string[]>();
  for (const event of await world.store.read.eventsAfter(afterRevision, 1000)) {
    const name = `${event.resourceKind} ${event.resourceName}`;
    const mark = event.severity === EventSeverity.WARNING ? '! ' : '  ';
    sections.set(name, [...(sections.get(name) ?? []), `${mark}${event.reason}: ${event.message}`]);
  }
  const parts = [...sections]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, lines]) => `${name}\n${lines.join('\n')}`);
  return `${title}\n\n${parts.join('\n\n')}\n`;
}

/** The same in one order, each line with its resource; phases of joining and leaving left out. */
export async function story(world: World, title: string, afterRevision: number): Promise<string> {
  const lines: string[] = [];
  for (const event of await world.store.read.eventsAfter(afterRevision, 1000)) {
    if (event.category === 'Progress') continue;
    const mark = event.severity === EventSeverity.WARNING ? '!' : ' ';
    lines.push(`${mark} ${event.resourceKind} ${event.resourceName}: ${event.reason}: ${event.message}`);
  }
  return `${title}\n\n${lines.join('\n')}\n`;
}
