import { Secret } from '../../../reconciler/model/secret.ts';
import type { Vault } from '../../../reconciler/ports/vault.ts';

/** A vault that keeps its entries in memory, as they are. */
export function createMemoryVault(): Vault {
  const entries = new Map<string, Secret>();
  let version = 0;
  return {
    get version() {
      return version;
    },
    get: (name) => entries.get(name),
    names: (prefix) => [...entries.keys()].filter((name) => name.startsWith(prefix)).sort(),
    put(name, value) {
      entries.set(name, new Secret(value, `the vault's ${name}`));
      version += 1;
    },
    delete(name) {
      version += 1;
      return entries.delete(name);
    },
  };
}
