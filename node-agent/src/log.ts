import type { Clock, Logger } from '@flotilla/kit';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** systemd reads these prefixes as priorities, so `journalctl -p err` works. */
const priorities: Readonly<Record<Level, string>> = { debug: '<7>', info: '<6>', warn: '<4>', error: '<3>' };

/** JSON lines for the journal. */
export function jsonLogger(write: (line: string) => void, clock: Clock, facts: object = {}): Logger {
  const at =
    (level: Level) =>
    (more: object, message: string): void => {
      const time = new Date(clock.now().wallMs).toISOString();
      write(`${priorities[level]}${JSON.stringify({ time, level, message, ...facts, ...more }, readable)}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => jsonLogger(write, clock, { ...facts, ...more }),
  };
}

function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return value;
}
