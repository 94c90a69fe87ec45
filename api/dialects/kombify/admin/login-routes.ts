import type { OwnedLogin } from '../../../accounts/sessions/sessions.ts';
import type { Identity } from '../../../auth/identity.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { answers } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { listOf, record } from '../schemas.ts';
import { ROLE } from './key-routes.ts';

const TAG = 'Session';
const TEXT = { type: 'string' };
const TIME = { type: 'string', format: 'date-time' };

const SESSION_VIEW = record({
  id: TEXT,
  name: TEXT,
  email: TEXT,
  role: ROLE,
  kind: { enum: ['key', 'user'] },
  method: { enum: ['key', 'password', 'link', 'provider'] },
  created_at: TIME,
  seen_at: TIME,
  expires_at: TIME,
  address: TEXT,
  user_agent: TEXT,
  is_current: { type: 'boolean' },
});

/** Browsers that have signed in: everybody sees their own, admins all. */
export const loginRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/sessions',
    id: 'listSessions',
    tag: TAG,
    summary: 'Browsers that have signed in: as the caller, for admins as anybody',
    access: 'viewer',
    responses: { 200: answers('The newest first.', record({ sessions: listOf(SESSION_VIEW) })) },
    handle({ identity }, deps: KombifyDeps) {
      const sessions = visibleTo(identity, deps);
      return ok({ sessions: sessions.map((one) => toView(one, identity)) });
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/sessions/:id',
    id: 'endSession',
    tag: TAG,
    summary: 'Signs a browser out',
    access: 'viewer',
    params: { id: 'Id of the session.' },
    responses: { 200: answers('It has ended.', SESSION_VIEW) },
    handle({ params, identity, note }, deps: KombifyDeps) {
      const found = visibleTo(identity, deps).find(({ login }) => login.id === params['id']);
      if (found === undefined || deps.sessions?.end(found.login.id) !== true)
        throw new HttpProblem('NOT_FOUND', 'there is no such session');
      note({ object: { name: found.identity.name } });
      return ok(toView(found, identity));
    },
  }),
];

function visibleTo(caller: Identity, { sessions }: KombifyDeps): readonly OwnedLogin[] {
  const all = sessions?.list() ?? [];
  return caller.role === 'admin' ? all : all.filter(({ login }) => isOwn(caller, login));
}

function isOwn({ keyId, userId }: Identity, { kind, subject }: OwnedLogin['login']): boolean {
  return subject === (kind === 'user' ? userId : keyId);
}

function toView({ login, identity, expiresAt }: OwnedLogin, caller: Identity) {
  const { id, kind, method, address, userAgent } = login;
  const [createdAt, seenAt, endsAt] = [login.createdAt, login.seenAt, expiresAt].map((time) =>
    new Date(time).toISOString(),
  );
  return {
    id,
    name: identity.name,
    email: identity.email,
    role: identity.role,
    kind,
    method,
    created_at: createdAt,
    seen_at: seenAt,
    expires_at: endsAt,
    address,
    user_agent: userAgent,
    is_current: caller.session?.id === id,
  };
}
