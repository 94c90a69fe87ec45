import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { describeStoreContract } from './store.ts';

describeStoreContract('SQLite in memory', (clock) => {
  const store = createSqliteStore({ path: ':memory:', clock });
  return { store, dispose: () => store[Symbol.dispose]() };
});

describeStoreContract('SQLite in a file', (clock) => {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-store-'));
  const store = createSqliteStore({ path: join(directory, 'state', 'kombinator.db'), clock });
  return {
    store,
    dispose() {
      store[Symbol.dispose]();
      rmSync(directory, { recursive: true });
    },
  };
});
