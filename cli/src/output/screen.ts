import type { Output } from '../env.js';

/** Lines on a terminal that are painted over, as long as they fit on it. */
export class Screen {
  private painted = 0;

  constructor(private readonly output: Output) {}

  /** Whether so many lines can be painted over later. */
  fits(lineCount: number): boolean {
    return this.output.isTTY && lineCount < this.output.rows;
  }

  /** Replaces what was painted before. */
  paint(lines: readonly string[]): void {
    const up = this.painted === 0 ? '' : `\u001B[${this.painted}A\u001B[0J`;
    this.output.write(`${up}${lines.map((line) => `${line}\n`).join('')}`);
    this.painted = lines.length;
  }

  /** Takes back what was painted. */
  clear(): void {
    if (this.painted > 0) this.paint([]);
  }
}
