import { CircleCheck, CircleMinus, CircleSlash, CircleX, Hand } from 'lucide';
import type { IconNode } from 'lucide';
import type { DeploymentResult, HistoryEntry } from '../../client/history-types.ts';
import type { Words } from '../../client/words.ts';

export const RESULTS: Readonly<Record<DeploymentResult, Words & { readonly icon: IconNode }>> = {
  deployed: {
    label: 'Deployed',
    tone: 'good',
    meaning: 'Everything in it was applied and became healthy.',
    icon: CircleCheck,
  },
  removed: {
    label: 'Removed',
    tone: 'calm',
    meaning: 'What the stack ran was taken down. There is nothing to go back to.',
    icon: CircleMinus,
  },
  failed: {
    label: 'Failed',
    tone: 'bad',
    meaning: 'It did not become what was described. The reason stands beside it.',
    icon: CircleX,
  },
  cancelled: {
    label: 'Cancelled',
    tone: 'calm',
    meaning: 'It was ended before it was done, by somebody or by a newer commit.',
    icon: CircleSlash,
  },
  held: {
    label: 'Had to wait',
    tone: 'warn',
    meaning: 'It was planned, and then not applied. The reason stands beside it.',
    icon: Hand,
  },
};

/** Words for what Kombinator did by itself; the author is that of the commit then. */
const BY_ITSELF: Readonly<Record<string, string>> = {
  retry: 'Kombinator tried again',
  drift: 'Kombinator, to undo drift',
  schedule: 'Kombinator, on schedule',
  resync: 'Kombinator, by its regular look at everything',
  dependency: 'Kombinator, once what it depends on was ready',
  start: 'Kombinator, when it started',
};

/** `committed by admin`, `admin, on the page or the API`, `Kombinator tried again`. */
export function tellCause({ author, trigger }: Pick<HistoryEntry, 'author' | 'trigger'>): string {
  const alone = BY_ITSELF[trigger ?? ''];
  if (alone !== undefined) return alone;
  const who = author ?? 'somebody';
  switch (trigger) {
    case null:
      return author ?? '';
    case 'push':
      return author === null ? 'by a commit' : `committed by ${author}`;
    case 'api':
      return `${who}, on the page or the API`;
    case 'cli':
      return `${who}, at the command line`;
    default:
      return `${who}, by ${trigger.replaceAll('_', ' ')}`;
  }
}

const DONE: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'changed in place',
  replace: 'replaced',
  delete: 'deleted',
};

/** `3 created, 1 replaced` of `Plan: 3 to create, 0 to update, …`. */
export function tellDone(summary: string): string {
  const parts = [...summary.matchAll(/(\d+) to (create|update|replace|delete)/g)];
  const told = parts
    .filter(([, number]) => number !== '0')
    .map(([, number, word = '']) => `${number} ${DONE[word]}`);
  if (parts.length === 0) return summary;
  return told.length === 0 ? 'nothing to change' : told.join(', ');
}

/** Deployments that failed, or waited, for one reason are one. */
export const ALIKE = {
  isSame: (a: HistoryEntry, b: HistoryEntry): boolean =>
    a.number === null &&
    b.number === null &&
    a.result === b.result &&
    a.revision === b.revision &&
    a.message === b.message,
};

/** `#3`, or what Git says now. */
export function tellNumber(number: number | null): string {
  return number === null ? 'what Git says now' : `#${number}`;
}
