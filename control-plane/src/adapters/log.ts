import type { Logger } from '@flotilla/kit';
import { pino, type Logger as Pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** JSON lines on stdout: time, level as a word, facts, msg. */
export function jsonLogger(level: LogLevel): Logger {
  return adapt(
    pino({
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // A second wall against secrets in logs; the first is not to log them.
      redact: {
        paths: ['token', 'secret', 'apiKey', 'authorization', '*.token', '*.secret', '*.apiKey'],
        censor: '***',
      },
    }),
  );
}

function adapt(log: Pino): Logger {
  return {
    debug: (facts, message) => log.debug(facts, message),
    info: (facts, message) => log.info(facts, message),
    warn: (facts, message) => log.warn(facts, message),
    error: (facts, message) => log.error(facts, message),
    child: (facts) => adapt(log.child(facts)),
  };
}
