import { join } from 'node:path';
import { createVault } from '../adapters/vault/vault.ts';
import type { Vault } from '../ports/vault.ts';
import { createKeyFile } from './key-file.ts';

const WHEN_DAMAGED =
  'put it back from a copy of the state directory; without it, delete vault.key and vault/ and give the credentials again';

/** The vault of a state directory, in `vault/` with its key in `vault.key`, made when it is first used. */
export function openVault(stateDir: string): Vault {
  const key = createKeyFile(join(stateDir, 'vault.key'), WHEN_DAMAGED);
  return createVault({ directory: join(stateDir, 'vault'), key });
}
