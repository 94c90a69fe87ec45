import { handFaults } from './by-hand.ts';
import { changeFaults } from './changes.ts';
import { clockFaults } from './clock.ts';
import { daemonFaults } from './daemon.ts';
import { diskFaults } from './disk.ts';
import { engineFaults } from './engine.ts';
import type { Fault } from './fault.ts';
import { gitServerFaults } from './git-server.ts';
import { gitFaults } from './git.ts';
import { loadFaults } from './load.ts';
import { storeFaults } from './store.ts';

/** Every fault there is, in the order in which rounds go through them. */
export const FAULTS: readonly Fault[] = [
  ...changeFaults,
  ...daemonFaults,
  ...handFaults,
  ...gitFaults,
  ...storeFaults,
  ...diskFaults,
  ...engineFaults,
  ...loadFaults,
  ...gitServerFaults,
  ...clockFaults,
];

/**
 * The faults that a word of the command line stands for: names with commas between them, `main`, or `all`.
 *
 * @throws with the names there are
 */
export function chooseFaults(word: string): readonly Fault[] {
  if (word === 'all') return FAULTS;
  if (word === 'main') return FAULTS.filter(({ isMain }) => isMain);
  const names = word.split(',');
  const unknown = names.filter((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown.length > 0)
    throw new Error(
      `there is no fault ${unknown.join(', ')}; there are main, all, ${FAULTS.map(({ name }) => name).join(', ')}`,
    );
  return FAULTS.filter(({ name }) => names.includes(name));
}
