import type { PauseRecord } from '@flotilla/core';
import { formatDuration } from '@flotilla/kit';
import { EventSeverity } from '@flotilla/proto';
import type { ProjectCall } from './call.js';
import type { Duration } from './duration.js';
import { parsePause } from './terms.js';
import type { Planned } from './verb.js';

interface Pausable {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly pause: PauseRecord | undefined;
}

/** No repair of a thing for a while; without a request, that is taken back. Undefined = it is so already. */
export function planPause<R extends Pausable>(
  of: 'cluster' | 'pool' | 'machine',
  call: ProjectCall,
  record: R,
  request: { readonly duration: Duration | undefined; readonly reason: string } | undefined,
): Planned<R> | undefined {
  const pause = request === undefined ? undefined : parsePause(request, call);
  const paused = record.pause !== undefined && record.pause.untilMs > call.nowMs;
  if (pause === undefined && !paused) return undefined;
  const why = pause === undefined || pause.reason === '' ? '' : `: ${pause.reason}`;
  const message =
    pause === undefined
      ? `${call.actor} ended the pause: repair goes on.`
      : `${call.actor} paused repair for ${formatDuration(pause.untilMs - call.nowMs)}${why}`;
  const verb = pause === undefined ? 'resume' : 'pause';
  return {
    act: {
      changes: [{ kind: 'pause.set', of, id: record.id, pause }],
      expect: [{ kind: of, id: record.id, version: record.version }],
      event: {
        resourceKind: of,
        resourceId: record.id,
        severity: EventSeverity.NORMAL,
        category: 'Remediation',
        reason: pause === undefined ? 'Resumed' : 'Paused',
        message,
      },
      audit: {
        action: `${of}.${verb}`,
        resourceKind: of,
        resourceId: record.id,
        details: {
          name: record.name,
          ...(pause === undefined ? {} : { until: new Date(pause.untilMs).toISOString() }),
        },
      },
      response: record.id,
    },
    preview: { ...record, pause },
  };
}
