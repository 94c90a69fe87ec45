import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { RegistryEntry } from '../../model/registry-entry.ts';
import { Secret } from '../../model/secret.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionLog } from '../../ports/connection-log.ts';
import type { RegistryClient } from '../../ports/registry-client.ts';
import type { RegistrySetting } from '../../model/registry.ts';
import type { KeptRegistries, KeptRegistry } from './kept-registries.ts';

export interface CheckParts {
  readonly kept: KeptRegistries;
  readonly client: RegistryClient;
  readonly store: ConnectionLog;
  readonly clock: Pick<Clock, 'now'>;
  /** Throws SECRET_NOT_FOUND. */
  readonly resolve: (reference: string) => Secret;
}

/** A check takes no longer than this. */
const CHECK_MS = 15_000;
const DAY_MS = 86_400_000;

/** The subject that checks of a registry are noted under. */
export function registrySubject(id: string): string {
  return `registry/${id}`;
}

/** Asks a registry whether it takes the credentials, and notes the answer. Throws what there is to tell. */
export async function checkRegistry(
  parts: CheckParts,
  entry: RegistryEntry,
  setting: RegistrySetting | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, client, kept, resolve } = parts;
  const note = (status: 'connected' | 'disconnected' | 'error', message: string): void => {
    const at = clock.now();
    store.noteConnection(registrySubject(entry.id), { at, status, message });
    store.pruneConnections(at - DAY_MS);
  };
  using scope = createAbortScope({ signals: [signal], timeoutMs: CHECK_MS });
  const { signal: bounded } = scope;
  try {
    const known = kept.get(entry.id);
    if (known !== undefined && known.host !== entry.host) throw movedAway(entry, known);
    if (known?.type === 'ecr') await renewPassword(parts, entry.id, known, bounded);
    const login = kept.settingOf(entry) ?? setting;
    if (login === undefined) throw withoutCredentials(entry);
    const password = resolve(login.password);
    await client.check({ url: known?.url ?? entry.url, username: login.username, password }, bounded);
    note('connected', `${entry.host} takes the credentials`);
  } catch (error) {
    // Nobody waits any more: nothing is known of the registry.
    if (signal.aborted) throw error;
    note(isReconcilerError(error, 'TARGET_UNREACHABLE') ? 'disconnected' : 'error', errorMessage(error));
    throw error;
  }
}

function movedAway({ name, host }: RegistryEntry, known: KeptRegistry): ReconcilerError {
  const message = `kombinator.yaml has ${name} at ${host}, and its credentials are for ${known.host}: give them again for the new address`;
  return new ReconcilerError('BAD_OPTIONS', message);
}

function withoutCredentials({ name }: RegistryEntry): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', `there are no credentials for ${name} that may be used`);
}

/** Asks AWS for the password that images are pulled with. */
export async function renewPassword(
  { kept, client }: Pick<CheckParts, 'kept' | 'client'>,
  id: string,
  known: KeptRegistry,
  signal: AbortSignal,
): Promise<void> {
  const { accessKeyId = '', secretAccessKey = '', region = '' } = known.credentials;
  const secret = new Secret(secretAccessKey, 'the secret access key');
  const { username, password, expiresAt } = await client.askAws(
    { region, accessKeyId, secretAccessKey: secret },
    signal,
  );
  kept.put(id, { ...known, username, password: password.reveal(), expiresAt });
}
