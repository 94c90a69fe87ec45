import type { Clock } from '../../ports/clock.ts';

/** Crockford's base 32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;

/** `job_` and a ULID (github.com/ulid/spec): ids sort by creation time. */
export function createJobId(clock: Clock): string {
  let time = clock.now();
  let text = '';
  for (let index = 0; index < TIME_LENGTH; index += 1) {
    text = (ALPHABET[time % 32] ?? '') + text;
    time = Math.floor(time / 32);
  }
  for (let index = 0; index < RANDOM_LENGTH; index += 1)
    text += ALPHABET[Math.floor(clock.random() * 32)] ?? '0';
  return `job_${text}`;
}
