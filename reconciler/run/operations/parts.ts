import type { Backups } from '../backups/backups.ts';
import type { RunContext } from '../context.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Loop } from '../loop/loop.ts';
import type { RepositoryWriter } from '../write/repository-writer.ts';

/** The parts that the operations stand on; made once per process. */
export interface OperationParts {
  readonly context: RunContext;
  readonly loop: Loop;
  readonly writer: RepositoryWriter;
  readonly backups: Backups;
  readonly inventory: Inventory;
}
