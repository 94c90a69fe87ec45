import type { SchemaCheck } from '../config/schema-check.ts';
import type { DesiredStack } from '../model/stack.ts';
import type { Source } from '../ports/source.ts';
import type { SecretVault } from './secret-cache.ts';
import type { StackEntry, StackIndex } from './stack-index.ts';
import type { LoadLimits, RepositoryState } from './repository-state.ts';

/** What the parts of the desired state share. */
export interface Core {
  readonly source: Source;
  readonly vault: SecretVault;
  readonly limits: LoadLimits;
  readonly checkSchema: SchemaCheck;
  readonly index: StackIndex;
  /** Stacks rendered last, by file. */
  readonly rendered: Lru<Rendered>;
  /** Contents that stand in documents, of stacks rendered last, by blob id. */
  readonly inline: Lru<Uint8Array>;
  /** Replaced as a whole by a load. */
  state: RepositoryState;
}

export interface Rendered {
  readonly entry: StackEntry;
  /** Digests of the secrets that went in. */
  readonly signature: string;
  readonly stack: DesiredStack;
}

/** A map that forgets what was used longest ago. */
export interface Lru<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  clear(): void;
}

export function createLru<T>(capacity: number): Lru<T> {
  const values = new Map<string, T>();
  function set(key: string, value: T): void {
    values.delete(key);
    values.set(key, value);
    for (const oldest of values.keys()) {
      if (values.size <= capacity) break;
      values.delete(oldest);
    }
  }
  return {
    get(key) {
      const value = values.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    set,
    delete: (key) => void values.delete(key),
    clear: () => values.clear(),
  };
}
