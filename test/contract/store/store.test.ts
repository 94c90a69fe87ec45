import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { describe } from 'vitest';
import { createMemoryAudit } from '../../support/fakes/accounts/memory-audit.ts';
import { createMemoryLogins } from '../../support/fakes/accounts/memory-logins.ts';
import { createMemoryObjectRecords } from '../../support/fakes/memory-object-records.ts';
import { describeAuditRecords } from './store-audit.ts';
import { describeLoginRecords } from './store-logins.ts';
import { describeObjectRecords } from './store-objects.ts';
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

describe('records of objects in memory', () => describeObjectRecords(createMemoryObjectRecords));
describe('sessions of browsers in memory', () => describeLoginRecords(createMemoryLogins));
describe('the audit in memory', () => describeAuditRecords(createMemoryAudit));
