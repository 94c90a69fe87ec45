import { expect, it } from 'vitest';
import { asText, decodeEscapes } from '../../../reconciler/base/values.ts';

it.each([
  ['web', 'web'],
  [5, '5'],
  [5n, '5'],
  [true, 'true'],
  [null, 'null'],
  [undefined, 'undefined'],
  [Symbol('x'), 'Symbol(x)'],
  [['a', 'b'], '[object Array]'],
  [{ a: 1 }, '[object Object]'],
  [{ toString: null, valueOf: 'x' }, '[object Object]'],
  [Object.create(null), '[object Object]'],
])('%o as a text', (value, text) => {
  expect(asText(value)).toBe(text);
});

it.each([
  ['a%20b', 'a b'],
  ['a+b', 'a+b'],
  ['%zz', null],
  ['%', null],
  ['%e0%a4', null],
])('escapes of %s', (text, decoded) => {
  expect(decodeEscapes(text)).toBe(decoded);
});
