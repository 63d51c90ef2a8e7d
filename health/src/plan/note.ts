import { EventSeverity } from '@flotilla/proto';

/** Something worth an event, about the resource that was decided on. */
export interface Note {
  readonly severity: EventSeverity;
  readonly category: 'Health' | 'Remediation';
  readonly reason: string;
  readonly message: string;
}

export const warning = (category: Note['category'], reason: string, message: string): Note => ({
  severity: EventSeverity.WARNING,
  category,
  reason,
  message,
});

export const news = (category: Note['category'], reason: string, message: string): Note => ({
  severity: EventSeverity.NORMAL,
  category,
  reason,
  message,
});
