import type { Logger } from '@flotilla/kit';

/** Warnings and errors of the code under test become lines of the transcript. */
export function transcriptLogger(write: (line: string) => void, onBug: (error: Error) => void): Logger {
  let last = '';
  const line = (level: string) => (fields: object, message?: string) => {
    const { err, key, code, machineId } = fields as { err?: unknown; key?: string; code?: string; machineId?: string }; // what our own code logs
    const about = [key, machineId, code, err instanceof Error ? err.message.slice(0, 160) : err].filter(
      (part) => part !== undefined,
    );
    const text = `${level} ${message ?? ''} (${about.map(String).join(', ')})`;
    if (err instanceof TypeError || err instanceof ReferenceError || err instanceof RangeError) onBug(err);
    // Said once a second for minutes it would bury the rest.
    if (text !== last) write(text);
    last = text;
  };
  const silent = (): void => undefined;
  const logger: Logger = {
    debug: silent,
    info: silent,
    warn: line('warn'),
    error: line('error'),
    child: () => logger,
  };
  return logger;
}
