import type { HealthWord, StackState } from './api-types.ts';

/** Tone in which something is shown: a colour and a sign, never the colour alone. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'calm';

export interface Words {
  readonly label: string;
  readonly tone: Tone;
  /** One sentence for those who see the word for the first time. */
  readonly meaning: string;
}

export const STATES: Readonly<Record<StackState, Words>> = {
  in_sync: { label: 'In sync', tone: 'good', meaning: 'It runs as Git says, and is healthy.' },
  pending: { label: 'Waiting', tone: 'busy', meaning: 'Git says something new that is not deployed yet.' },
  applying: { label: 'Applying', tone: 'busy', meaning: 'A change is being made now.' },
  drifted: {
    label: 'Drifted',
    tone: 'warn',
    meaning: 'Somebody changed what runs; it is not what was deployed.',
  },
  degraded: {
    label: 'Unhealthy',
    tone: 'bad',
    meaning: 'It runs as Git says, but something in it is not well.',
  },
  failed: { label: 'Failed', tone: 'bad', meaning: 'The last deployment failed.' },
  blocked: { label: 'Needs a yes', tone: 'warn', meaning: 'The next change waits for somebody to agree.' },
  invalid: { label: 'Invalid', tone: 'bad', meaning: 'Its files have errors, so it is left as it is.' },
  stopped: {
    label: 'Stopped',
    tone: 'calm',
    meaning: 'Somebody stopped it; it stays so until it is started.',
  },
  removed: {
    label: 'Removed',
    tone: 'warn',
    meaning: 'Git does not describe it any more; something of it is left.',
  },
  unknown: {
    label: 'Not seen yet',
    tone: 'calm',
    meaning: 'Its machine has not been asked yet, or does not answer.',
  },
};

/** Order in which states want attention, the worst first. */
export const WORST_FIRST: readonly StackState[] = [
  'failed',
  'degraded',
  'invalid',
  'blocked',
  'drifted',
  'removed',
  'unknown',
  'applying',
  'pending',
  'stopped',
  'in_sync',
];

export const HEALTH: Readonly<Record<HealthWord, Words>> = {
  healthy: { label: 'Healthy', tone: 'good', meaning: 'It answers as it should.' },
  starting: { label: 'Starting', tone: 'busy', meaning: 'It has been started and is not ready yet.' },
  unhealthy: { label: 'Unhealthy', tone: 'bad', meaning: 'Its own check fails.' },
  completed: { label: 'Done', tone: 'good', meaning: 'It had one thing to do and has done it.' },
  failed: { label: 'Failed', tone: 'bad', meaning: 'It ended with an error, or cannot start.' },
  stopped: { label: 'Stopped', tone: 'calm', meaning: 'It was stopped.' },
  missing: { label: 'Missing', tone: 'bad', meaning: 'It should be there and is not.' },
  unknown: { label: 'Not seen yet', tone: 'calm', meaning: 'Nobody has looked yet.' },
};

/** `1 stack`, `3 stacks`, `2 policies`. */
export function count(number: number, one: string, many = pluralOf(one)): string {
  return `${number.toLocaleString('en')} ${agree(number, one, many)}`;
}

/** The word that goes with a number: `1 file differs`, `2 files differ`. */
export function agree(number: number, one: string, many: string): string {
  return number === 1 ? one : many;
}

function pluralOf(noun: string): string {
  if (/(?:s|x|ch|sh)$/.test(noun)) return `${noun}es`;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** `an admin`, `a viewer`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** `nas, vps and pi`. */
export function enumerate(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** First digits of a commit. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 8);
}
