import { asFields, asString } from '../../../reconciler/index.ts';
import type { Identity } from '../../auth/identity.ts';
import { ANONYMOUS } from '../../auth/identity.ts';
import type { Reply, Route } from '../route.ts';
import { toProblem } from '../to-problem.ts';
import type { AuditNote } from './audit-note.ts';
import type { Auditor } from './auditor.ts';

export interface WatchedRequest {
  readonly method: string;
  readonly path: string;
  readonly address: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Gathers what an entry of the audit needs while a request is served. */
export interface RequestWatch {
  identified(identity: Identity): void;
  note(facts: AuditNote): void;
  answered(reply: Reply): void;
  failed(error: unknown): void;
}

const MAX_TEXT = 200;
const MAX_PATH = 300;

/** Audited is all that is no reading, opens a socket, signs somebody in or fails to, or was forbidden. */
export function watchRequest(
  auditor: Auditor | undefined,
  route: Pick<Route<never>, 'id' | 'access' | 'socket'>,
  { method, path, address, params }: WatchedRequest,
): RequestWatch {
  let identity = ANONYMOUS;
  let noted: AuditNote = {};
  const reads = method === 'GET' || method === 'HEAD';
  const isAudited = !reads || route.socket === true;
  const isCheap = route.access === 'open' || route.access === 'viewer';

  function write(status: number, code: string | null, made: Made = NOTHING): void {
    const tellsMore = noted.identity !== undefined || noted.code !== undefined;
    if (!isAudited && !tellsMore && status !== 403) return;
    const object = Object.entries({ ...params, ...made.object, ...noted.object });
    auditor?.note({
      identity: noted.identity ?? identity,
      address,
      action: route.id,
      method,
      path: path.slice(0, MAX_PATH),
      object: Object.fromEntries(object.map(([name, text]) => [name, text.slice(0, MAX_TEXT)])),
      status,
      code: noted.code ?? code,
      job: made.job,
      commit: made.commit,
      isCheap,
    });
  }

  return {
    identified: (found) => void (identity = found),
    note: (facts) => void (noted = { ...noted, ...facts }),
    answered: (reply) =>
      write(statusOf(reply), null, reply.kind === 'json' ? readMade(reply.body, reply.status) : NOTHING),
    failed(error) {
      const { status, code, reason } = toProblem(error);
      write(status, reason ?? code);
    },
  };
}

function statusOf(reply: Reply): number {
  if (reply.kind === 'json') return reply.status;
  return { text: 200, events: 200, redirect: 307, socket: 101 }[reply.kind];
}

interface Made {
  readonly object: Readonly<Record<string, string>>;
  readonly job: string | null;
  readonly commit: string | null;
}

const NOTHING: Made = { object: {}, job: null, commit: null };

/** Reads out of an answer which job or commit it tells of, and what something new is called. Nothing else of it is kept. */
function readMade(body: unknown, status: number): Made {
  const fields = asFields(body) ?? {};
  const inner = asFields(fields['job']) ?? {};
  const jobs = [fields['job_id'], inner['id'], fields['id'], fields['run_id']].map(asString);
  const commits = [fields['commit'], asFields(fields['write'])?.['commit']].map(asString);
  const names = (['id', 'name'] as const).flatMap((key) => {
    const value = asString(fields[key]);
    return status !== 201 || value === undefined ? [] : [[key, value] as const];
  });
  return {
    object: Object.fromEntries(names),
    job: jobs.find((id) => id !== undefined && /^job_\w+$/.test(id)) ?? null,
    commit: commits.find((id) => id !== undefined && /^[0-9a-f]{40,64}$/.test(id)) ?? null,
  };
}
