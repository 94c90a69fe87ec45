import type { AuditRecord } from '../../../../reconciler/index.ts';
import type { PageQuery } from '../../../http/page.ts';
import { pageParameters, readPage, toPagination, toRange } from '../../../http/page.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { answers, listSchema } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { record } from '../schemas.ts';

const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };
const TIME = { type: 'string', format: 'date-time' };
const WORD = { type: 'string', minLength: 1, maxLength: 200 };
/** Several with commas between. */
const WORDS = { type: 'string', minLength: 1, maxLength: 2_000 };
const PER_PAGE = 100;

interface AuditQuery extends PageQuery {
  readonly actor?: string;
  readonly action?: string;
  readonly except?: string;
  readonly object?: string;
  readonly since?: string;
  readonly until?: string;
}

const auditQuery = shape<AuditQuery>({
  type: 'object',
  properties: {
    actor: { ...WORD, description: 'Part of the name or the address.' },
    action: { ...WORDS, description: 'Names of operations, as in this description: `applyStack,signIn`.' },
    except: { ...WORDS, description: 'Names of operations that are left out: `previewFiles,planStack`.' },
    object: { ...WORD, description: 'What it was done to: the name of a stack, the id of a job.' },
    since: { ...TIME, description: 'At this time or later.' },
    until: { ...TIME, description: 'Before this time.' },
    ...pageParameters(1_000),
  },
});

const ENTRY = record({
  id: { type: 'integer' },
  time: TIME,
  first_time: TIME,
  count: { type: 'integer' },
  actor: record({
    name: TEXT,
    email: TEXT,
    via: { enum: ['key', 'token', 'session', 'open', 'cli', 'none'] },
  }),
  address: TEXT_OR_NULL,
  action: TEXT,
  method: TEXT_OR_NULL,
  path: TEXT_OR_NULL,
  object: { type: 'object', additionalProperties: TEXT },
  outcome: record({ status: { type: ['integer', 'null'] }, code: TEXT_OR_NULL }),
  job_id: TEXT_OR_NULL,
  commit: TEXT_OR_NULL,
});

export const auditRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/audit',
    id: 'listAudit',
    tag: 'Administration',
    summary: 'Who asked for what, from where, and what came of it',
    description:
      'All requests of all dialects that change or open something, sign-ins, and what was forbidden; the newest first. Kept for 400 days, 100,000 at most. What is refused, or cheap, again and again is one entry with a count.',
    access: 'admin',
    query: auditQuery,
    responses: { 200: answers('One page, 100 unless said otherwise.', listSchema('entries', ENTRY)) },
    handle({ query }, { audit }: KombifyDeps) {
      if (audit === null) throw new HttpProblem('NOT_FOUND', 'this server keeps no audit');
      const {
        page: number = 1,
        per_page: perPage = PER_PAGE,
        since,
        until,
        action,
        except,
        ...filter
      } = query;
      const page = readPage({ page: number, per_page: perPage }, PER_PAGE) ?? { page: 1, perPage };
      const { entries, total } = audit.listAudit({
        ...filter,
        ...(action !== undefined && { actions: action.split(',') }),
        ...(except !== undefined && { exceptActions: except.split(',') }),
        ...(since !== undefined && { since: Date.parse(since) }),
        ...(until !== undefined && { until: Date.parse(until) }),
        ...toRange(page),
      });
      return ok({ entries: entries.map(toEntry), pagination: toPagination(page, total) });
    },
  }),
];

function toEntry({ number, at, firstAt, status, code, job, ...entry }: AuditRecord) {
  return {
    id: number,
    time: new Date(at).toISOString(),
    first_time: new Date(firstAt).toISOString(),
    ...entry,
    outcome: { status, code },
    job_id: job,
  };
}
