import { sha256 } from '../../base/json.ts';
import type { Secret } from '../../model/secret.ts';

const SMALL = 'abcdefghijklmnopqrstuvwxyz';
const LARGE = SMALL.toUpperCase();
const DIGITS = '123456789';

/**
 * Another value for a secret, as long as it is and of the same kinds of characters, so that what checks its form takes it as well. What a program
 * makes of the two differs wherever the secret has gone. The same secret has the same one.
 */
export function decoyOf(secret: Secret): string {
  const text = secret.reveal();
  const seed = sha256(`decoy\0${text}`);
  let hasMoved = false;
  const moved = Array.from(text, (character, index) => {
    const step = 1 + (Number.parseInt(seed.charAt(index % seed.length), 16) % 8);
    const kind = [SMALL, LARGE, DIGITS].find((one) => one.includes(character));
    // A number keeps its length: none begins with a zero that did not.
    if (kind === undefined && character !== '0') return character;
    hasMoved = true;
    return kind === undefined
      ? DIGITS.charAt(step)
      : kind.charAt((kind.indexOf(character) + step) % kind.length);
  }).join('');
  return hasMoved ? moved : `${text}x`;
}
