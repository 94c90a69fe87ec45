import type { SignInAnswer, SignInFailure } from '../../../accounts/providers/browser-sign-in.ts';
import type { Accounts } from '../../../accounts/accounts.ts';
import { formatSignIn, readSignIn } from '../../../http/pages/sign-in-cookie.ts';
import { HttpProblem } from '../../../http/problem.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { ApiRequest, Reply, Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { withAccounts } from './account-problem.ts';
import { answers } from '../answers.ts';
import { refuses } from './auth-routes.ts';
import type { WorkflowDeps } from '../deps.ts';
import { WORKFLOWS_PREFIX } from '../prefix.ts';
import { noteSignedIn, SIGNED_IN, toSignedIn } from './user-view.ts';

const TAG = 'Authentication';
const PROVIDER = { provider: 'Name of the provider.' };
const OAUTH_PATH = `${WORKFLOWS_PREFIX}/auth/oauth`;

const FAILURES: Readonly<Record<SignInFailure, string>> = {
  'no-state': 'Missing state parameter',
  'bad-state': 'Invalid or expired authentication state',
  denied: 'Authentication denied by provider',
  'no-code': 'No authorization code received',
  'unknown-provider': 'Provider not found',
  'broken-provider': 'Provider configuration error',
  'not-authenticated': 'Authentication failed',
  'no-user-information': 'Failed to retrieve user information',
  'domain-refused': 'Your email domain is not authorized to access this application',
  'no-account': 'Failed to create user account',
};

const anyBody = shape<{ readonly code?: unknown }>({ type: 'object' });

/** Signing in at a provider. */
export const signInRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/auth/oauth/:provider/authorize',
    id: 'beginOAuth',
    tag: TAG,
    summary: 'Sends the browser to a provider',
    access: 'open',
    params: PROVIDER,
    responses: {
      307: { description: 'To the provider.', content: {} },
      404: refuses('There is no such provider.'),
    },
    async handle({ params, cookie }, deps: WorkflowDeps): Promise<Reply> {
      const provider = params['provider'] ?? '';
      const callbackPath = `${OAUTH_PATH}/${encodeURIComponent(provider)}/callback`;
      const { location, browser, callbackUrl } = await withAccounts(
        deps,
        (accounts) => accounts.beginSignIn({ provider, callbackPath, browser: readSignIn(cookie) }),
        { absent: 'UNKNOWN_PROVIDER' },
      );
      return {
        kind: 'redirect',
        location,
        headers: { 'Set-Cookie': formatSignIn(browser, callbackUrl, OAUTH_PATH) },
      };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/auth/oauth/:provider/callback',
    id: 'finishOAuth',
    tag: TAG,
    summary: 'Takes the browser back from a provider, and sends it to the page with a code or an error',
    access: 'open',
    params: PROVIDER,
    responses: {
      307: { description: 'To the page.', content: {} },
      404: refuses('There are no providers.'),
    },
    async handle({ params, querystring, cookie, note }, deps: WorkflowDeps): Promise<Reply> {
      const provider = params['provider'] ?? '';
      const answer = { provider, browser: readSignIn(cookie), query: querystring };
      const finish = (accounts: Accounts) => backToPage(accounts, answer, note);
      const location = await withAccounts(deps, finish, { absent: 'UNKNOWN_PROVIDER' });
      return { kind: 'redirect', location, headers: {} };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/auth/oauth/exchange',
    id: 'exchangeOAuthCode',
    tag: TAG,
    summary: 'Exchanges the code of a sign-in for a token, once and within 30 s',
    access: 'open',
    body: { json: anyBody },
    responses: {
      200: answers('A token, and who it is for.', SIGNED_IN),
      401: refuses('The code is not valid, or not any more.'),
    },
    async handle({ body: { code }, note }, deps: WorkflowDeps) {
      if (typeof code !== 'string' || code === '') throw new HttpProblem('BAD_REQUEST', 'Code is required');
      const exchange = withAccounts(deps, (accounts) => accounts.exchangeCode(code), {
        absent: 'INVALID_CODE',
      });
      return ok(toSignedIn(noteSignedIn(note, await exchange)));
    },
  }),
];

/** Returns where the browser goes: never to another page than the configured one. */
async function backToPage(
  accounts: Accounts,
  answer: SignInAnswer,
  note: ApiRequest['note'],
): Promise<string> {
  const { frontendUrl } = accounts;
  if (frontendUrl === undefined) throw new HttpProblem('NOT_FOUND', 'Unknown or disabled provider');
  const result = await accounts.finishSignIn(answer);
  if ('code' in result) return `${frontendUrl}/auth/callback?${queryOf({ code: result.code })}`;
  note({ code: result.failure });
  return `${frontendUrl}/login?${queryOf({ error: FAILURES[result.failure] })}`;
}

function queryOf(values: Readonly<Record<string, string>>): string {
  return new URLSearchParams(values).toString();
}
