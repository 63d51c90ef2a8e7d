import { FlotillaError, formatDuration } from '@flotilla/kit';
import type { Call } from '../call.js';
import { currentPhase, phaseLabel } from '../output/phases.js';
import { parseReference, type Reference } from '../registry/nouns.js';
import { resources } from '../resources/index.js';
import { parseGoal, type Wanted } from '../resources/wanted.js';
import { everything, type Item, type Query } from '../resources/resource.js';
import { watchUntil } from '../watch.js';
import { newPhaseLines } from './get.js';

const timeoutMsDefault = 10 * 60_000;
const resyncMs = 2000;

/** `flotilla wait TYPE/NAME … --for GOAL` */
export async function wait(call: Call): Promise<void> {
  const references = call.list('things').map(parseReference);
  const goal = parseGoal(call.options.text('for') ?? '');
  for (const { noun } of references) goal.refuse(noun);
  await waitFor(call, references, goal, { ...everything, cluster: call.options.text('cluster') ?? '' });
}

/** Waits for all of them at once, printing each phase as it passes. */
export async function waitFor(
  call: Call,
  references: readonly Reference[],
  goal: Wanted,
  query = everything,
): Promise<void> {
  const session = await call.session();
  const { clock, random, signal } = call.env;
  const timeoutMs = call.options.number('timeout') ?? timeoutMsDefault;
  const startMs = clock.now().monotonicMs;
  const waiting = new Map(
    references.map((each) => [textOf(each), new Waiting(call, each, goal, references.length > 1)]),
  );
  const onLost = ({ message }: FlotillaError): void => call.note(`${message}; trying again`);
  const outcome = await watchUntil({ session, clock, random, signal, resyncMs, timeoutMs, onLost }, async () => {
    for (const [text, each] of waiting) {
      if (!(await each.look(query))) continue;
      waiting.delete(text);
      call.print(`${text} ${goal.isText} after ${formatDuration(clock.now().monotonicMs - startMs)}`);
    }
    return waiting.size === 0;
  });
  if (outcome === 'done') return;
  const [first] = waiting.values();
  if (first !== undefined) throw first.timeout(timeoutMs);
}

function textOf({ noun, name }: Reference): string {
  return `${noun}/${name}`;
}

/** One thing that is waited for. */
class Waiting {
  private readonly phases = new Map<string, string>();
  private last: Item | undefined;
  private saidMissing = false;

  constructor(
    private readonly call: Call,
    private readonly reference: Reference,
    private readonly goal: Wanted,
    private readonly named: boolean,
  ) {}

  /** Whether the goal is reached; a thing that needs a person ends the waiting. */
  async look(query: Query): Promise<boolean> {
    const item = await this.load(query);
    if (item === undefined) return this.goal.name === 'deleted';
    this.last = item;
    const prefix = this.named ? `${textOf(this.reference)} ` : '';
    const nowMs = this.call.env.clock.now().wallMs;
    for (const line of newPhaseLines(item.standing.phases, this.phases, nowMs, this.call.paint, prefix))
      this.call.print(line);
    if (this.goal.reached(item)) return true;
    if (item.standing.failed && this.goal.byName) throw this.failure(item);
    return false;
  }

  timeout(timeoutMs: number): FlotillaError {
    const text = textOf(this.reference);
    const after = `${this.goal.isNotText} after ${formatDuration(timeoutMs)}`;
    if (this.last === undefined) {
      return new FlotillaError('WAIT_TIMEOUT', `${text} ${after}: it never appeared`, {
        kind: 'timeout',
        remedy: lookCloser(this.reference),
      });
    }
    const { standing } = this.last;
    const phase = currentPhase(standing.phases);
    const where = phase === undefined ? standing.status : `${standing.status}, it stands in ${phaseLabel(phase)}`;
    const message = standing.message === '' ? '' : `: ${standing.message}`;
    return new FlotillaError('WAIT_TIMEOUT', `${text} ${after}. ${where}${message}`, {
      kind: 'timeout',
      remedy: standing.remedy === '' ? lookCloser(this.reference) : `${standing.remedy}\n${lookCloser(this.reference)}`,
    });
  }

  private failure({ standing }: Item): FlotillaError {
    return new FlotillaError(
      'WAIT_FAILED',
      `${textOf(this.reference)} needs a person. ${standing.status}: ${standing.message}`,
      {
        kind: 'precondition',
        remedy: standing.remedy === '' ? lookCloser(this.reference) : standing.remedy,
      },
    );
  }

  private async load(query: Query): Promise<Item | undefined> {
    try {
      return await resources[this.reference.noun].get(await this.call.session(), this.reference.name, query);
    } catch (error) {
      if (!(error instanceof FlotillaError) || error.kind !== 'not-found') throw error;
      if (!this.saidMissing && this.goal.name !== 'deleted')
        this.call.note(`${textOf(this.reference)} is not there yet; waiting for it`);
      this.saidMissing = true;
      return undefined;
    }
  }
}

function lookCloser({ noun, name }: Reference): string {
  return `Look closer: flotilla describe ${noun} ${name}`;
}
