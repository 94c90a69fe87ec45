import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { RegistryEntry } from '../../model/registry-entry.ts';
import { Secret } from '../../model/secret.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionLog } from '../../ports/connection-log.ts';
import type { RegistryClient } from '../../ports/registry-client.ts';
import type { RegistryCredentials, RegistrySetting } from '../../model/registry.ts';
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
  const { store, clock, client, kept } = parts;
  const note = (status: 'connected' | 'disconnected' | 'error', message: string): void => {
    const at = clock.now();
    store.noteConnection(registrySubject(entry.id), { at, status, message });
    store.pruneConnections(at - DAY_MS);
  };
  using scope = createAbortScope({ signals: [signal], timeoutMs: CHECK_MS });
  const { signal: bounded } = scope;
  try {
    const { username, password } = await registryLogin(parts, entry, setting, bounded);
    await client.check({ url: kept.get(entry.id)?.url ?? entry.url, username, password }, bounded);
    note('connected', `${entry.host} takes the credentials`);
  } catch (error) {
    // Nobody waits any more: nothing is known of the registry.
    if (signal.aborted) throw error;
    note(isReconcilerError(error, 'TARGET_UNREACHABLE') ? 'disconnected' : 'error', errorMessage(error));
    throw error;
  }
}

/**
 * The name and password that a registry is used with. Throws BAD_OPTIONS where there are none that may be, SECRET_NOT_FOUND, and for a registry
 * of AWS what asking for a new password does.
 *
 * @param setting credentials of `kombinator.yaml`, or of the operator's configuration
 */
export async function registryLogin(
  { kept, client, resolve }: Pick<CheckParts, 'kept' | 'client' | 'resolve'>,
  entry: RegistryEntry,
  setting: RegistrySetting | undefined,
  signal: AbortSignal,
): Promise<RegistryCredentials> {
  const known = kept.get(entry.id);
  if (known !== undefined && known.host !== entry.host) throw movedAway(entry, known);
  if (known?.type === 'ecr') await renewPassword({ kept, client }, entry.id, known, signal);
  const login = kept.settingOf(entry) ?? setting;
  if (login === undefined) throw withoutCredentials(entry);
  return { host: entry.host, username: login.username, password: resolve(login.password) };
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
