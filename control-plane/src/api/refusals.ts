import { FlotillaError } from '@flotilla/kit';
import type { ProjectCall } from './call.js';

/** Refusals that several services share. */

/** Nothing new is made in what is going away. */
export function beingDeleted(kind: string, name: string): FlotillaError {
  return new FlotillaError('BEING_DELETED', `The ${kind} ${name} is being deleted.`, {
    kind: 'precondition',
    remedy: 'Wait until it is gone; then the name is free again.',
  });
}

/** To be asked before anything is created in a project. */
export function refuseDeletingProject(call: ProjectCall): void {
  if (call.project.deleteRequestedAtMs !== undefined) throw beingDeleted('project', call.project.name);
}

/** `what`: for example `The project already has a cluster`. */
export function nameTaken(what: string, name: string, see: string): FlotillaError {
  return new FlotillaError('NAME_TAKEN', `${what} ${name}.`, {
    kind: 'already-exists',
    remedy: `Choose another name, or use the one there is: ${see}`,
    violations: [{ field: 'name', description: 'is taken' }],
  });
}

/** A secret that was shown cannot be shown again to a repeated request. */
export function shownOnce(what: string, see: string): FlotillaError {
  return new FlotillaError(
    'SECRET_SHOWN_ONCE',
    `This request already made its ${what}, and the secret is shown only once.`,
    {
      kind: 'already-exists',
      remedy: `Revoke that ${what} (${see}) and create another one, with a new request_id.`,
    },
  );
}
