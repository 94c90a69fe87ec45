import { isAddress } from '../../../auth/identity.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { created, defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import type { JsonSchema } from '../../../http/shape.ts';
import { shape } from '../../../http/shape.ts';
import { withAccounts } from './account-problem.ts';
import { answers } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { LoginProblem } from '../problem.ts';
import { listOf, record, refer, TEXT } from '../schemas.ts';
import { noteSignedIn, SIGNED_IN, toSignedIn } from './user-view.ts';

const TAG = 'Authentication';

export const PASSWORD: JsonSchema = { type: 'string', minLength: 6, maxLength: 1_024 };
const EMAIL: JsonSchema = { type: 'string', format: 'email', maxLength: 254 };

/** Answers of what is refused. */
export const refuses = (description: string) => answers(description, refer('Error'));

const logInBody = shape<{ readonly email: string; readonly password: string }>({
  type: 'object',
  properties: { email: EMAIL, password: PASSWORD },
  required: ['email', 'password'],
});

const registerBody = shape<{
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly inviteCode?: string | null;
}>({
  type: 'object',
  properties: {
    email: EMAIL,
    password: PASSWORD,
    name: { type: 'string', minLength: 1, maxLength: 200, pattern: '\\S' },
    inviteCode: {
      type: ['string', 'null'],
      maxLength: 100,
      description: 'Needed by all but the first user, unless the operator says otherwise.',
    },
  },
  required: ['email', 'password', 'name'],
});

/** Signing up and in with a password. */
export const authRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/auth/register',
    id: 'register',
    tag: TAG,
    summary: 'Makes an account; the very first user is an admin',
    access: 'open',
    body: { json: registerBody },
    responses: {
      201: answers('A token, and who it is for.', SIGNED_IN),
      403: refuses('Not open, not for this domain, or not without an invite code.'),
      429: refuses('Too many attempts; the header Retry-After says when to try again.'),
    },
    async handle({ body, address, note }, deps: WorkflowDeps) {
      const { email, password, name, inviteCode } = body;
      if (!isAddress(email)) throw new HttpProblem('BAD_REQUEST', 'Invalid request data');
      const request = { email, password, name: name.trim(), inviteCode: inviteCode ?? undefined, address };
      const signUp = withAccounts(deps, (accounts) => accounts.signUp(request), {
        failure: 'Registration failed',
        absent: 'SIGN_UP_DISABLED',
      });
      return created(toSignedIn(noteSignedIn(note, await signUp)));
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/auth/login',
    id: 'logIn',
    tag: TAG,
    summary: 'Signs in with a password',
    access: 'open',
    body: { json: logInBody },
    responses: {
      200: answers('A token, and who it is for.', SIGNED_IN),
      401: refuses('The address or the password is wrong.'),
      403: refuses('Passwords are not taken here.'),
      429: refuses('Too many attempts; the header Retry-After says when to try again.'),
    },
    async handle({ body, address, note }, deps: WorkflowDeps) {
      const { email, password } = body;
      note({ object: { email } });
      const logIn = withAccounts(deps, (accounts) => accounts.logIn({ email, password, address }), {
        absent: 'PASSWORD_LOGIN_DISABLED',
        problem: LoginProblem,
      });
      return ok(toSignedIn(noteSignedIn(note, await logIn)));
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/auth/refresh',
    id: 'refreshToken',
    tag: TAG,
    summary: 'A new token for one that has ended up to seven days ago',
    access: 'open',
    responses: {
      200: answers('A token, and who it is for.', SIGNED_IN),
      401: refuses('No token, one that is not valid, or one that has been revoked.'),
      404: refuses('The user is gone.'),
    },
    async handle({ authorization, note }, deps: WorkflowDeps) {
      const token = bearerOf(authorization);
      const refresh = withAccounts(deps, (accounts) => accounts.refresh(token), { absent: 'INVALID_TOKEN' });
      return ok(toSignedIn(noteSignedIn(note, await refresh)));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/auth/methods',
    id: 'listAuthMethods',
    tag: TAG,
    summary: 'Ways to sign in',
    access: 'open',
    responses: {
      200: answers(
        'As the operator has set them.',
        record({
          builtin: record({ enabled: { type: 'boolean' }, signupEnabled: { type: 'boolean' } }),
          providers: listOf(record({ name: TEXT, displayName: TEXT, icon: TEXT })),
        }),
      ),
    },
    handle(_, { accounts }: WorkflowDeps) {
      const { passwordLogin, signUp, providers } = accounts?.methods() ?? NONE;
      return ok({
        builtin: { enabled: passwordLogin, signupEnabled: signUp },
        providers: providers.map(({ name, displayName, icon }) => ({ name, displayName, icon })),
      });
    },
  }),
];

const NONE = { passwordLogin: false, signUp: false, providers: [] } as const;

function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined) throw new HttpProblem('UNAUTHORIZED', 'Authorization header is required');
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token !== undefined) return token;
  throw new HttpProblem('UNAUTHORIZED', "Authorization header must start with 'Bearer '");
}
