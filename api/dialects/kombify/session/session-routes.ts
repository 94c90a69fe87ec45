import type { Accounts } from '../../../accounts/accounts.ts';
import { AccountError } from '../../../accounts/account-error.ts';
import type { OpenedSession, Sessions, Visitor } from '../../../accounts/sessions/sessions.ts';
import { ANONYMOUS, isAddress } from '../../../auth/identity.ts';
import { formatSession } from '../../../http/pages/session-cookie.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { answers } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { record, refer } from '../schemas.ts';
import { withRefusals } from './account-problem.ts';
import { SESSION, toSession } from './session-view.ts';

const TAG = 'Session';
/** Address of the pages, below the server's own. */
export const PAGE_PATH = '/ui/';

interface SignInBody {
  readonly key?: string;
  readonly email?: string;
  readonly password?: string;
  readonly link?: string;
}

const signInBody = shape<SignInBody>({
  type: 'object',
  additionalProperties: false,
  properties: {
    key: { type: 'string', minLength: 1, maxLength: 1_024, description: 'An API key.' },
    email: { type: 'string', minLength: 1, maxLength: 254, description: 'A user, with the password.' },
    password: { type: 'string', minLength: 1, maxLength: 1_024 },
    link: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description: 'What stands behind #link= of a link.',
    },
  },
});

/** Signing in and out of a browser: a cookie stands for the key or the user. */
export const sessionRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/session',
    id: 'getSession',
    tag: TAG,
    summary: 'Who asks, and how one can sign in here',
    access: 'open',
    knowsCaller: true,
    responses: { 200: answers('The caller; name and the like are null for nobody.', SESSION) },
    handle: ({ identity }, deps: KombifyDeps) => ok(toSession(identity, deps)),
  }),
  defineRoute({
    method: 'POST',
    path: '/session',
    id: 'signIn',
    tag: TAG,
    summary: 'Signs a browser in: with a key, an address and a password, or a link',
    description:
      'Exactly one of key, email with password, and link. The cookie of the answer counts below /api/v1, and for pages of this server only.',
    access: 'open',
    knowsCaller: true,
    body: { json: signInBody },
    responses: {
      201: answers('Signed in; the cookie is in Set-Cookie.', SESSION),
      401: answers('Not valid, or not any more.', refer('Error')),
      403: answers('A page of another origin, or passwords are not taken here.', refer('Error')),
      429: answers('Too many attempts; the header Retry-After says when to try again.', refer('Error')),
      503: answers('This server keeps no sessions.', refer('Error')),
    },
    async handle({ body, identity, note, isSecure, address, userAgent }, deps: KombifyDeps) {
      const sessions = requireSessions(deps);
      const { email = '' } = body;
      // Some type a password there.
      if (isAddress(email)) note({ object: { email } });
      const { value, identity: caller } = await withRefusals(() =>
        signIn({ ...deps, sessions }, body, { address, userAgent }),
      );
      note({ identity: caller });
      // The value before it is worth nothing any more, whoever has put it there.
      if (identity.session !== undefined) sessions.end(identity.session.id);
      const headers = { 'Set-Cookie': formatSession(value, isSecure) };
      return { kind: 'json', status: 201, body: toSession(caller, deps), headers };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/session',
    id: 'signOut',
    tag: TAG,
    summary: 'Signs the browser out',
    access: 'open',
    knowsCaller: true,
    responses: {
      200: answers('Nobody is signed in.', SESSION),
      403: answers('A page of another origin.', refer('Error')),
    },
    handle({ identity, isSecure }, deps: KombifyDeps) {
      if (identity.session !== undefined) deps.sessions?.end(identity.session.id);
      const headers = { 'Set-Cookie': formatSession(null, isSecure) };
      return { kind: 'json', status: 200, body: toSession(ANONYMOUS, deps), headers };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/session/links',
    id: 'createSessionLink',
    tag: TAG,
    summary: 'A link that signs a browser in as the caller, once and within ten minutes',
    access: 'viewer',
    responses: {
      201: answers(
        'Path on this server. Without authentication it needs no end.',
        record({
          path: { type: 'string' },
          expires_at: { type: ['string', 'null'], format: 'date-time' },
        }),
      ),
    },
    handle({ identity }, deps: KombifyDeps) {
      if (deps.isOpen) return created({ path: PAGE_PATH, expires_at: null });
      const made = requireSessions(deps).makeLink(identity);
      if (made === null)
        throw new HttpProblem(
          'FORBIDDEN',
          'a link stands for a key or a user; the caller has a token of an issuer',
        );
      const expiresAt = new Date(made.expiresAt).toISOString();
      return created({ path: `${PAGE_PATH}#link=${made.link}`, expires_at: expiresAt });
    },
  }),
];

/** Throws SERVICE_UNAVAILABLE, and CONFLICT where there is nothing to sign in to. */
export function requireSessions({ sessions, isOpen }: KombifyDeps): Sessions {
  if (isOpen) throw new HttpProblem('CONFLICT', 'authentication is off here: everybody is signed in');
  if (sessions === null) throw new HttpProblem('NOT_FOUND', 'this server keeps no sessions');
  return sessions;
}

interface SignInParts {
  readonly sessions: Sessions;
  readonly accounts: Accounts | null;
}

async function signIn(parts: SignInParts, body: SignInBody, visitor: Visitor): Promise<OpenedSession> {
  const { sessions, accounts } = parts;
  const { key, email, password, link } = readWay(body);
  if (key !== undefined) return sessions.signInWithKey(key, visitor);
  if (link !== undefined) return sessions.signInWithLink(link, visitor);
  if (accounts === null) throw new AccountError('PASSWORD_LOGIN_DISABLED', 'this server has no users');
  const { address } = visitor;
  const { user } = await accounts.logIn({ email: email ?? '', password: password ?? '', address });
  return sessions.signInAs(user, 'password', visitor);
}

function readWay(body: SignInBody): SignInBody {
  const { key, email, password, link } = body;
  const hasUser = email !== undefined || password !== undefined;
  const ways = [key !== undefined, link !== undefined, hasUser].filter(Boolean).length;
  const missing = email === undefined ? 'email' : 'password';
  const isHalf = hasUser && (email === undefined || password === undefined);
  if (ways === 1 && !isHalf) return body;
  const message = 'exactly one of key, email with password, and link is needed';
  const details = isHalf ? [{ field: missing, message: 'is missing' }] : [];
  throw new HttpProblem('VALIDATION_ERROR', message, { details });
}
