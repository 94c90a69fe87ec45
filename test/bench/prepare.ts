import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/demo/processes.ts';

export { prepareCompose } from '../support/compose/compose.ts';
export type { ComposeCommand } from '../support/compose/compose.ts';

/** The programs that the private engine needs; installs what is missing where it can. Rejects with what to install. */
export async function prepareEngine(): Promise<void> {
  await run(process.execPath, [fileURLToPath(new URL('../support/prepare.ts', import.meta.url))]);
}
