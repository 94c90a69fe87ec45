import type { RequestListener, Server } from 'node:http';
import type { Kombinator, Logger, Reconciler } from '../../../reconciler/index.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Accounts } from '../../accounts/accounts.ts';
import type { AppOptions } from '../../app.ts';
import { createApp } from '../../app.ts';
import type { AuthOptions } from '../../auth/authenticate.ts';
import { createBoundedServer } from '../../http/bounded-server.ts';
import type { ServedSource } from '../../operations/sources.ts';
import type { PageFiles } from '../../pages/page-files.ts';
import { dispatchSources } from '../../sources/dispatch-sources.ts';
import { openSessions, pageOrigins } from '../open-accounts.ts';
import type { OpenSource } from './open-sources.ts';

export interface ServerParts {
  readonly kombinator: Kombinator;
  /** Further repositories, each with an API of its own. */
  readonly sources: readonly OpenSource[];
  readonly auth: AuthOptions;
  readonly accounts: Accounts;
  readonly logger: Logger;
  readonly page: PageFiles | null;
  /** The daemon has no repository of its own. */
  readonly isAlone: boolean;
  readonly stopping: AbortSignal;
}

/** The server of a daemon: its own API at the root, those of its sources below their addresses. Keys, users, sessions and the audit are the same for all. */
export function createApiServer(parts: ServerParts): Server {
  const { kombinator, sources, isAlone } = parts;
  const { instances } = kombinator;
  const own: ServedSource = { name: '', address: '', reconciler: kombinator.reconciler };
  const served = [
    ...(isAlone ? [] : [own]),
    ...sources.map(({ name, address, kombinator: { reconciler } }) => ({ name, address, reconciler })),
  ];
  const all = () => served;
  const common = commonOptions(parts);
  const handle = listenerOf({
    ...common,
    ...optionsOf(kombinator),
    ...(isAlone && { reconciler: withoutRepository(kombinator.reconciler, sources) }),
    sources: { current: '', all },
    ...(instances !== null && { instances }),
    logger: parts.logger,
    checks: () => ({
      // Open to everybody: the repository's own message may name paths, and its code is told anyway.
      database: kombinator.checks()['database'] ?? 'ok',
      ...(isAlone && { repository: 'ok' }),
      ...(sources.length > 0 && { sources: checkOf(sources) }),
    }),
  });
  const below = sources.map((source): readonly [string, RequestListener] => [
    source.name,
    listenerOf({
      ...common,
      ...optionsOf(source.kombinator),
      base: source.address,
      sources: { current: source.name, all },
      logger: source.logger,
      checks: () => ({ database: source.kombinator.checks()['database'] ?? 'ok' }),
    }),
  ]);
  return createBoundedServer(dispatchSources(handle, new Map(below)));
}

function listenerOf(options: AppOptions): RequestListener {
  const handle = createApp(options).callback();
  return (request, response) => void handle(request, response);
}

/** Says of a daemon that has no repository of its own where those are that it has; nothing else is asked about one. */
function withoutRepository(reconciler: Reconciler, sources: readonly OpenSource[]): Reconciler {
  const names = sources.map(({ name }) => name).join(', ');
  const others = names === '' ? '' : `; it has the sources ${names} (--source, or below /sources/NAME)`;
  const message = `this daemon has no repository of its own${others}`;
  const error = { code: 'REPOSITORY_NOT_FOUND', message };
  return { ...reconciler, repository: () => ({ ...reconciler.repository(), error }) };
}

/** Options that the APIs of all repositories share. */
function commonOptions({ kombinator, auth, accounts, logger, page, stopping }: ServerParts) {
  const { users, store } = kombinator;
  const origins = pageOrigins(kombinator);
  return {
    auth,
    accounts,
    ...(auth.mode === 'keys' && { sessions: openSessions(kombinator, logger) }),
    keys: store,
    audit: store,
    ...(users.publicUrl !== undefined && { publicUrl: users.publicUrl }),
    ...(origins !== undefined && { origins }),
    proxies: kombinator.proxies,
    ...(page !== null && { page }),
    version: packageJson.version,
    startedAt: performance.now(),
    stopping,
  };
}

function optionsOf(kombinator: Kombinator) {
  const { reconciler, metrics, execRight } = kombinator;
  return { reconciler, execRight, ...hooksOf(kombinator), ...(metrics !== null && { metrics }) };
}

/** Hooks of the host that the operator has named, if any. */
function hooksOf({ gitHost }: Kombinator): Pick<AppOptions, 'hooks'> {
  const setup = gitHost();
  if (setup === null) return {};
  const { host, hookSecret } = setup;
  return { hooks: { host, secret: () => hookSecret?.resolve() ?? null } };
}

/** Open to everybody, so it names none. One that was read once and cannot be now goes on with that. */
function checkOf(sources: readonly OpenSource[]): string {
  const unread = sources.filter(
    ({ kombinator: { reconciler } }) => reconciler.repository().revision === null,
  );
  return unread.length === 0 ? 'ok' : `${unread.length} of ${sources.length} not read yet`;
}
