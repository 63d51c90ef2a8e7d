import type { Call } from './call.js';
import { Screen } from './output/screen.js';
import { cut } from './output/table.js';

/**
 * What goes on, on stderr: one line painted over on a terminal, whole lines with `--progress`, nothing otherwise.
 * Terminals are repainted at most ten times a second.
 */
export class Progress {
  private readonly screen: Screen;
  private readonly plain: boolean;
  private paintedAtMs = -Infinity;
  private lastStep = '';

  constructor(private readonly call: Call) {
    this.screen = new Screen(call.env.stderr);
    this.plain = call.options.flag('progress');
  }

  /** `step` is what changes slowly (a phase, a name); `detail` what changes with each message. */
  say(step: string, detail: string): void {
    const { stderr, clock } = this.call.env;
    if (this.plain) {
      if (step !== this.lastStep) stderr.write(`${step}\n`);
    } else if (stderr.isTTY) {
      const nowMs = clock.now().monotonicMs;
      if (nowMs - this.paintedAtMs < 100 && step === this.lastStep) return;
      this.paintedAtMs = nowMs;
      this.screen.paint([cut(`${step}  ${detail}`.trimEnd(), stderr.columns - 1)]);
    }
    this.lastStep = step;
  }

  end(): void {
    if (!this.plain) this.screen.clear();
  }
}
