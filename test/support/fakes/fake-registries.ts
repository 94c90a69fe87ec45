import { createDiagnosticCollector } from '../../../reconciler/base/document-diagnostic.ts';
import type { Fields } from '../../../reconciler/base/values.ts';
import { readRegistryEntries } from '../../../reconciler/config/fleet/registry-entries.ts';
import { DEFAULT_POLICY } from '../../../reconciler/model/stack.ts';
import type { RegistryClient } from '../../../reconciler/ports/registry-client.ts';
import { NO_REGISTRY_CLIENT } from '../../../reconciler/ports/registry-client.ts';
import type { RegistryOperations } from '../../../reconciler/public/registries.ts';
import { createRegistryOperations } from '../../../reconciler/run/operations/registries.ts';
import { createKeptRegistries } from '../../../reconciler/run/registries/kept-registries.ts';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { createFastClock } from './fast-clock.ts';
import { createMemoryConnectionLog } from './memory-connection-log.ts';
import { createMemoryVault } from './memory-vault.ts';
import { createQuietLogger } from './quiet-logger.ts';

/** Takes the password `correct-horse`; a host that begins with `away` does not answer. */
export const fakeRegistryClient: RegistryClient = {
  ...NO_REGISTRY_CLIENT,
  async check({ url, password }) {
    if (url.startsWith('away'))
      throw new ReconcilerError('TARGET_UNREACHABLE', `${url}: no answer`, { retryable: true });
    if (password.reveal() !== 'correct-horse')
      throw new ReconcilerError('REGISTRY_UNAUTHORIZED', `${url}: it refuses the credentials (401)`);
  },
  askAws: ({ secretAccessKey }) =>
    Promise.resolve({ username: 'AWS', password: secretAccessKey, expiresAt: 43_200_000 }),
};

/** The registries of a `kombinator.yaml` that is a document in memory; nothing is committed. */
export function createFakeRegistries(note: (write: string) => void): RegistryOperations {
  let document: Fields = {};
  const vault = createMemoryVault();
  const kept = createKeptRegistries(vault);
  const secrets = createSecrets({ stateDir: '/nowhere', env: {}, vault });
  const clock = createFastClock();
  const store = createMemoryConnectionLog();
  const desired = {
    settings: () => ({
      policy: DEFAULT_POLICY,
      registries: [],
      imageUpdates: null,
      released: [],
      registryEntries: readRegistryEntries(document, createDiagnosticCollector()),
    }),
  };
  return createRegistryOperations({
    context: { desired, store, clock, logger: createQuietLogger() },
    loop: { refreshForWrite: () => Promise.resolve(), written: (write) => write },
    writer: {
      editSettings(edit, message, { actor }) {
        document = Object.fromEntries(
          Object.entries({ ...document, ...edit(document) }).filter(([, value]) => value !== null),
        );
        note(`${message} by ${actor.name} <${actor.email}>`);
        return Promise.resolve({ commit: 'c0ffee', file: 'kombinator.yaml' });
      },
    },
    checks: {
      kept,
      client: fakeRegistryClient,
      store,
      clock,
      resolve: (reference) => secrets.resolve(reference),
    },
    later: () => {},
  });
}
