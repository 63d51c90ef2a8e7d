import { invalidArgument } from '@flotilla/kit';
import { Role } from '@flotilla/proto';
import type { ServiceHandlers } from './call.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { textViolations } from './terms.js';
import { toAuditEntry } from './wire-access.js';

export function auditService({ store }: ApiParts): ServiceHandlers<'AuditService'> {
  return {
    async listAuditEntries(request, call) {
      const { pageSize, pageToken, filter, orderBy } = toListQuery(request.options);
      const violations = textViolations('actor', request.actor, 200);
      for (const [field, given] of Object.entries({ filter, order_by: orderBy })) {
        if (given !== undefined) {
          const description = 'is not supported for the audit log: it is newest first, and "actor" chooses whose';
          violations.push({ field: `options.${field}`, description });
        }
      }
      if (violations.length > 0) throw invalidArgument(violations);
      // Members see what they did themselves, whatever they ask for.
      if (call.role !== Role.ADMIN && request.actor !== '' && request.actor !== call.actor) {
        return { entries: [], nextPageToken: '' };
      }
      const actor = call.role === Role.ADMIN ? request.actor : call.actor;
      const page = await store.read.audit({
        projectId: call.project.id,
        ...(actor === '' ? {} : { actor }),
        ...(pageSize === undefined ? {} : { pageSize }),
        ...(pageToken === undefined ? {} : { pageToken }),
      });
      return {
        entries: page.items.map((record) => toAuditEntry(record, call.project.name)),
        nextPageToken: page.nextPageToken,
      };
    },
  };
}
