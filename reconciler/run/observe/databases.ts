import { createAbortScope } from '../../base/abort-scope.ts';
import type { DatabaseSettings } from '../../database/settings.ts';
import { databaseOf } from '../../database/settings.ts';
import { parseStatus, statusCommand } from '../../database/status.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { BackupFilter, DatabaseView, StackView } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';

/** A server that hangs must not keep the others from being shown. */
const TIMEOUT_MS = 10_000;
const CONCURRENT_QUERIES = 8;

interface Server {
  readonly settings: DatabaseSettings;
  readonly view: Omit<DatabaseView, 'databases' | 'connections' | 'error'>;
  readonly resource: ResourceId;
  readonly isUp: boolean;
}

/** Asks every database server of these stacks about itself. A server that does not tell is listed with the reason. */
export async function readDatabases(
  context: RunContext,
  { stacks, filter }: { readonly stacks: readonly StackView[]; readonly filter: BackupFilter },
  signal: AbortSignal,
): Promise<readonly DatabaseView[]> {
  const wanted = filter.service;
  const servers = stacks.flatMap(serversOf).filter(({ view }) => (wanted ?? view.service) === view.service);
  const views: DatabaseView[] = [];
  for (let first = 0; first < servers.length; first += CONCURRENT_QUERIES) {
    const some = servers.slice(first, first + CONCURRENT_QUERIES);
    views.push(...(await Promise.all(some.map((server) => readServer(context, server, signal)))));
  }
  return views;
}

function serversOf({ name: stack, services }: StackView): Server[] {
  return services.flatMap(({ name: service, image, node, health: status, resource, ...more }) => {
    const settings = databaseOf({ image, ...more });
    if (settings === null) return [];
    const { kind } = settings;
    const isUp = status === 'healthy' || status === 'starting' || status === 'unhealthy';
    return [
      {
        settings,
        view: { stack, service, kind, image, node, status },
        resource: resource as ResourceId,
        isUp,
      },
    ];
  });
}

async function readServer(
  context: RunContext,
  { settings, view, resource, isUp }: Server,
  signal: AbortSignal,
): Promise<DatabaseView> {
  const silent = (error: string): DatabaseView => ({ ...view, databases: [], connections: null, error });
  if (!isUp) return silent(`it does not run (${view.status})`);
  const reference = context.desired.get(view.stack)?.targets.find(({ name }) => name === view.node);
  if (reference === undefined) return silent(`there is no node ${view.node}`);
  try {
    using scope = createAbortScope({ signals: [signal], timeoutMs: TIMEOUT_MS });
    const { exitCode, stdout, stderr } = await context.pool.ask(reference, (target) =>
      requireCapability(target, 'runsPrograms').exec(
        view.stack,
        resource,
        statusCommand(settings),
        scope.signal,
      ),
    );
    if (exitCode !== 0) return silent(`its client ended with ${exitCode}: ${lastLine(stderr)}`);
    const report = parseStatus(settings.kind, stdout);
    return report === null
      ? silent('its client printed something else')
      : { ...view, ...report, error: null };
  } catch (error) {
    signal.throwIfAborted();
    if (isReconcilerError(error)) return silent(errorMessage(error));
    throw new ReconcilerError('TARGET_ERROR', `${view.stack}/${view.service}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** Returns the last line of what a client says. One is enough, as it goes to whoever may see the status. */
function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.at(-1) ?? '').slice(0, 200) || 'no reason given';
}
