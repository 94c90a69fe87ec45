import type { AuditActor, AuditFilter, AuditRecord, AuditRecords } from '../../../reconciler/index.ts';
import { asText, own } from '../../../reconciler/index.ts';
import type { RemoteClient } from '../remote/client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from '../remote/decode.ts';

/** Entries as `GET /audit` has them; what the answer lacks is left out. */
export type ReadAudit = (filter: AuditFilter, signal: AbortSignal) => Promise<readonly AuditRecord[]>;

/** The audit of a daemon over REST. */
export function readRemoteAudit(client: RemoteClient): ReadAudit {
  return async ({ actor, actions, object, since, limit }, signal) => {
    const from = since === undefined ? undefined : new Date(since).toISOString();
    const query = { actor, action: actions?.join(','), object, since: from, per_page: limit };
    const answer = fieldsOf(await client.get('/audit', { query, signal }), 'entries');
    return listAt(answer, 'entries', toRecord);
  };
}

/** The audit in the state directory of a daemon. */
export function readLocalAudit(records: Pick<AuditRecords, 'listAudit'>): ReadAudit {
  return (filter) => Promise.resolve(records.listAudit(filter).entries);
}

function toRecord(value: unknown): AuditRecord {
  const fields = fieldsOf(value, 'entry');
  const actor = fieldsOf(own(fields, 'actor'), 'actor');
  const outcome = fieldsOf(own(fields, 'outcome'), 'outcome');
  const status = own(outcome, 'status');
  const object = Object.entries(fieldsOf(own(fields, 'object'), 'object'));
  return {
    number: Number(own(fields, 'id')),
    at: Date.parse(textAt(fields, 'time')),
    firstAt: Date.parse(textAt(fields, 'first_time')),
    count: Number(own(fields, 'count')),
    actor: {
      name: textAt(actor, 'name'),
      email: textAt(actor, 'email'),
      via: textAt(actor, 'via') as AuditActor['via'],
    },
    address: textOrNull(fields, 'address'),
    action: textAt(fields, 'action'),
    method: textOrNull(fields, 'method'),
    path: textOrNull(fields, 'path'),
    object: Object.fromEntries(object.map(([name, text]) => [name, asText(text)])),
    status: typeof status === 'number' ? status : null,
    code: textOrNull(outcome, 'code'),
    job: textOrNull(fields, 'job_id'),
    commit: textOrNull(fields, 'commit'),
  };
}
