import { expect, it } from 'vitest';
import { createTextMask, MASK } from '../../../reconciler/model/secret.ts';

const VALUE = 'p&ss "wörd"/>?~';

it.each([
  ['as it is', VALUE],
  ['in base64', Buffer.from(VALUE).toString('base64')],
  ['in base64 without padding', Buffer.from(VALUE).toString('base64').replace(/=+$/, '')],
  ['in the base64 of URLs', Buffer.from(VALUE).toString('base64url')],
  ['in base64 with the end of its line', Buffer.from(`${VALUE}\n`).toString('base64')],
  ['in a URL', encodeURIComponent(VALUE)],
  ['in a form', new URLSearchParams({ a: VALUE }).toString().slice(2).replace('%7E', '~')],
  ['in JSON', JSON.stringify(VALUE).slice(1, -1)],
  ['in the JSON of Go', 'p\\u0026ss \\"wörd\\"/\\u003e?~'],
])('masks a value %s', (_form, written) => {
  const mask = createTextMask([VALUE, 'other']);
  expect(mask(`before ${written} after`)).toMatch(/^before \*\*\*=* after$/);
});

it('leaves values of less than four characters, and takes the longer of two first', () => {
  const mask = createTextMask(['abc', 'hunter2', 'hunter2-long']);
  expect(mask('abc hunter2-long hunter2')).toBe(`abc ${MASK} ${MASK}`);
});
