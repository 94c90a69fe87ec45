import type { SecretProvider } from '../../reconciler/index.ts';

/** `secret://table/NAME`: secrets of a table in memory. A real one would ask a server, with the signal. */
export function createTableProvider(table: ReadonlyMap<string, string>): SecretProvider {
  return {
    name: 'table',
    async read(path, signal) {
      signal.throwIfAborted();
      return table.get(path);
    },
  };
}
