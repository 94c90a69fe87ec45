import type { SignInFailure } from '../../../accounts/providers/browser-sign-in.ts';
import type { Accounts } from '../../../accounts/accounts.ts';
import { AccountError } from '../../../accounts/account-error.ts';
import type { OpenedSession } from '../../../accounts/sessions/sessions.ts';
import { formatSession } from '../../../http/pages/session-cookie.ts';
import { formatSignIn, readSignIn } from '../../../http/pages/sign-in-cookie.ts';
import { defineRoute } from '../../../http/route.ts';
import type { ApiRequest, Reply, Route } from '../../../http/route.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { PAGE_PATH, requireSessions } from './session-routes.ts';

const TAG = 'Session';
const PROVIDER = { name: 'Name of the provider.' };
const PROVIDERS = '/session/providers';
/** Path of the sign-ins on this server. */
const BASE = `/api/v1${PROVIDERS}`;

/** Reasons that the page is told: those of the sign-in, and those for which it cannot begin or end. */
type Failure = SignInFailure | 'not-any-more';

/** Signing a browser in at a provider. It always ends at the page of this server. */
export const providerRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: `${PROVIDERS}/:name`,
    id: 'beginProviderSignIn',
    tag: TAG,
    summary: 'Sends the browser to a provider, to sign in there',
    access: 'open',
    params: PROVIDER,
    responses: { 307: { description: 'To the provider, or to the page with a reason.', content: {} } },
    async handle({ params, cookie }, deps: KombifyDeps): Promise<Reply> {
      const provider = params['name'] ?? '';
      requireSessions(deps);
      const callbackPath = `${BASE}/${encodeURIComponent(provider)}/callback`;
      try {
        const browser = readSignIn(cookie);
        const begun = await requireAccounts(deps).beginSignIn({ provider, callbackPath, browser });
        const headers = { 'Set-Cookie': formatSignIn(begun.browser, begun.callbackUrl, BASE) };
        return { kind: 'redirect', location: begun.location, headers };
      } catch (error) {
        if (!(error instanceof AccountError)) throw error;
        return toPage(error.code === 'UNKNOWN_PROVIDER' ? 'unknown-provider' : 'broken-provider');
      }
    },
  }),
  defineRoute({
    method: 'GET',
    path: `${PROVIDERS}/:name/callback`,
    id: 'finishProviderSignIn',
    tag: TAG,
    summary: 'Takes the browser back from a provider, signs it in, and sends it to the page',
    description: 'The page is told after # why it has not worked: /ui/#failed=no-account.',
    access: 'open',
    params: PROVIDER,
    responses: { 307: { description: 'To the page.', content: {} } },
    async handle(request, deps: KombifyDeps): Promise<Reply> {
      const opened = await finish(request, deps);
      if (typeof opened === 'string') {
        request.note({ code: opened });
        return toPage(opened);
      }
      request.note({ identity: opened.identity });
      const headers = { 'Set-Cookie': formatSession(opened.value, request.isSecure) };
      return { kind: 'redirect', location: PAGE_PATH, headers };
    },
  }),
];

/** The session, or why there is none. The code that pages of others would be given is exchanged here and now. */
async function finish(request: ApiRequest, deps: KombifyDeps): Promise<OpenedSession | Failure> {
  const { params, cookie, querystring, address, userAgent } = request;
  const sessions = requireSessions(deps);
  try {
    const accounts = requireAccounts(deps);
    const answer = { provider: params['name'] ?? '', browser: readSignIn(cookie), query: querystring };
    const result = await accounts.finishSignIn(answer);
    if ('failure' in result) return result.failure;
    const { user } = await accounts.exchangeCode(result.code);
    return sessions.signInAs(user, 'provider', { address, userAgent });
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    return error.code === 'UNKNOWN_PROVIDER' ? 'unknown-provider' : 'not-any-more';
  }
}

/** Throws UNKNOWN_PROVIDER. */
function requireAccounts({ accounts }: KombifyDeps): Accounts {
  if (accounts !== null) return accounts;
  throw new AccountError('UNKNOWN_PROVIDER', 'there is no such provider');
}

function toPage(failure: Failure): Reply {
  return { kind: 'redirect', location: `${PAGE_PATH}#failed=${failure}`, headers: {} };
}
