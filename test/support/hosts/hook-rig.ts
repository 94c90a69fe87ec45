import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { GitHost } from '../../../reconciler/ports/hosts/git-host.ts';
import type { HostSettings } from '../../../reconciler/ports/hosts/host-settings.ts';
import { DEFAULT_HOST_SETTINGS } from '../../../reconciler/ports/hosts/host-settings.ts';
import type { Reconciler } from '../../../reconciler/public/reconciler.ts';
import { createReconciler } from '../../../reconciler/run/create-reconciler.ts';
import { startApiServer } from '../api/api-server.ts';
import { checkSchema, createFixedSecrets } from '../desired-fixtures.ts';
import { createQuietLogger } from '../fakes/quiet-logger.ts';
import { startGitServer } from '../git/git-server.ts';
import { createBareRepo, type TestRepository } from '../git/git-repo.ts';
import { openSource, realClock } from '../git/git-sources.ts';
import { createMemoryEngine } from '../memory/memory-engine.ts';
import { createMemoryTarget } from '../memory/memory-target.ts';
import type { HostDouble } from './host-double.ts';

/** A daemon on a remote that it does not look at by itself for a day, with hooks of a host before it. */
export interface HookRig extends AsyncDisposable {
  readonly reconciler: Reconciler;
  readonly repository: TestRepository;
  /** Address of the hook. */
  readonly url: string;
}

const DAY_MS = 24 * 3_600_000;

export async function startHookRig(
  double: HostDouble,
  open: (double: HostDouble) => GitHost,
  secret: string,
  settings: Partial<HostSettings> = {},
): Promise<HookRig> {
  await using stack = new AsyncDisposableStack();
  const repository = stack.use(await createBareRepo());
  const git = stack.use(await startGitServer({ repository: repository.path }));
  const { source } = stack.use(await openSource({ location: git.url, pollIntervalMs: DAY_MS }));
  const store = stack.use(createSqliteStore({ path: ':memory:', clock: realClock }));
  const engine = createMemoryEngine(['nginx:1.28', 'nginx:1.29']);
  const host = open(double);
  const reconciler = stack.use(
    createReconciler({
      source,
      desired: createDesiredState({ source, secrets: createFixedSecrets(), checkSchema }),
      store,
      createTarget: () => createMemoryTarget({ engine }),
      clock: realClock,
      logger: createQuietLogger(),
      gitHost: host,
      hostSettings: { ...DEFAULT_HOST_SETTINGS, ...settings },
      resyncMs: DAY_MS,
      stableMs: 0,
    }),
  );
  const hooks = { host, secret: () => new Secret(secret, 'secret://file/hook') };
  const server = stack.use(await startApiServer({ reconciler, hooks, proxies: ['127.0.0.1'] }));
  const kept = stack.move();
  return {
    reconciler,
    repository,
    url: `${server.url}/api/hooks/config`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
