import type { Scenario } from '../sim/scenario.js';

/** What was told and done since the story began, with names for ids, and times counted from its beginning. */
export function transcriptOf(title: string, story: Scenario, fromMs: number): string {
  const names = new Map([...story.checks.seen].map(([id, name]) => [id, name]));
  const lines = story.world.kernel.lines.flatMap((line) => {
    const [stamp = '', ...rest] = line.split(' ');
    const atMs = atOf(stamp) - fromMs;
    const text = rest.join(' ').replace(/\b(nod|mch|rep)_\w+/g, (id) => names.get(id) ?? id.replace(/^mch_/, ''));
    // Presence of agents and progress of phases are a story of their own.
    const told = atMs >= 0 && !/Phase(Running|Done)|^event \S+ (Agent|Machine(InUse|Reserved))/.test(text);
    return told ? [`${clock(atMs)} ${text.replace(/^event /, '').replace(/ \((rep_)?[^)]*\)$/, '')}`] : [];
  });
  return `${title}\n\n${lines.join('\n')}\n`;
}

function atOf(stamp: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = stamp.split(':').map(Number);
  return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000);
}

const clock = (ms: number): string =>
  `${String(Math.floor(ms / 60_000)).padStart(3)}m${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}s`;
