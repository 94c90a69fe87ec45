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

/** Events that set deployments off, in words that follow a name. */
const TRIGGERS: Readonly<Record<string, string>> = {
  push: 'by a push',
  api: 'by hand',
  cli: 'from the command line',
  drift: 'to undo drift',
  schedule: 'on schedule',
  retry: 'tried again',
  start: 'at start',
};

export function tellTrigger(trigger: string | null): string {
  return trigger === null ? '' : (TRIGGERS[trigger] ?? `by ${trigger.replaceAll('_', ' ')}`);
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

/** Deployments that ended alike one after the other: a machine that is off fails every time in the same way. */
export interface Episode {
  /** The newest. */
  readonly entry: HistoryEntry;
  readonly times: number;
  /** When the oldest ended. */
  readonly since: string;
}

/** Folds what failed, or waited, again and again for one reason. */
export function foldHistory(entries: readonly HistoryEntry[]): readonly Episode[] {
  const episodes: Episode[] = [];
  for (const entry of entries) {
    const last = episodes.at(-1);
    if (last !== undefined && isSame(last.entry, entry))
      episodes[episodes.length - 1] = { ...last, times: last.times + 1, since: entry.time };
    else episodes.push({ entry, times: 1, since: entry.time });
  }
  return episodes;
}

function isSame(a: HistoryEntry, b: HistoryEntry): boolean {
  return (
    a.number === null &&
    b.number === null &&
    a.result === b.result &&
    a.revision === b.revision &&
    a.message === b.message
  );
}

/** `#3`, or what Git says now. */
export function tellNumber(number: number | null): string {
  return number === null ? 'what Git says now' : `#${number}`;
}
