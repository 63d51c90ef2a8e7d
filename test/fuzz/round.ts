import { FlotillaError, type Random } from '@flotilla/kit';
import { mutate } from './mutate.js';
import type { FuzzTarget } from './targets.js';

/** An input that a parser did not take as it should. */
export interface Finding {
  readonly target: string;
  /** Base64. */
  readonly input: string;
  readonly problem: string;
}

/** Nothing that reads one message may hold the loop longer. */
export const stallMsMax = 100;

export interface RoundResult {
  readonly inputs: number;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

/** Gives one input to the parser; undefined = taken or refused as it should be. */
export async function tryInput(target: FuzzTarget, input: Uint8Array): Promise<string | undefined> {
  try {
    await target.run(input);
    return undefined;
  } catch (error) {
    if (error instanceof FlotillaError) return undefined;
    return error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : String(error);
  }
}

/** So many mutated inputs for one parser; stops at ten findings. `nowMs` only measures. */
export async function round(
  target: FuzzTarget,
  count: number,
  random: Random,
  nowMs: () => number,
): Promise<RoundResult> {
  const findings: Finding[] = [];
  let slowestMs = 0;
  let inputs = 0;
  for (; inputs < count && findings.length < 10; inputs++) {
    const input = mutate(target.corpus, random);
    const began = nowMs();
    const problem = await tryInput(target, input);
    const tookMs = nowMs() - began;
    if (problem !== undefined) findings.push(findingOf(target, input, problem));
    else if (tookMs > slowestMs) slowestMs = tookMs;
  }
  return { inputs, slowestMs, findings };
}

const findingOf = (target: FuzzTarget, input: Uint8Array, problem: string): Finding => ({
  target: target.name,
  input: Buffer.from(input).toString('base64'),
  problem,
});
