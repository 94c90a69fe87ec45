import { describe, expect, it } from 'vitest';
import {
  amountOf,
  formatQuantity,
  maxQuantity,
  parseQuantity,
  toMilli,
  toUnits,
} from '../../../reconciler/pods/quantity.ts';
import type { Quantity } from '../../../reconciler/pods/quantity.ts';

function quantity(text: string): Quantity {
  const parsed = parseQuantity(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

describe('quantities', () => {
  it.each([
    ['100m', '100m'],
    ['0.1', '100m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['.5', '500m'],
    ['2', '2'],
    ['2000', '2k'],
    ['128Mi', '128Mi'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['134217728', '134217728'],
    ['128M', '128M'],
    ['1e3', '1e3'],
    ['1500e0', '1500'],
    ['0', '0'],
    ['0.0000000001', '1n'],
    ['-1', '-1'],
  ])('%s is written %s', (text, written) => {
    expect(formatQuantity(quantity(text))).toBe(written);
  });

  it.each(['', 'm', '1 Mi', '1mi', '0x10', '1e', '1e99', '9999999999E', '1..2', 'one', '1'.repeat(50)])(
    'refuses "%s"',
    (text) => {
      expect(parseQuantity(text)).toHaveProperty('problem');
    },
  );

  it('rounds up, and keeps the first of two that are equal', () => {
    expect([toMilli(quantity('0.0001')), toUnits(quantity('1.5')), toUnits(quantity('128Mi'))]).toEqual([
      1, 2, 134_217_728,
    ]);
    expect(formatQuantity(maxQuantity(quantity('1Gi'), quantity('1073741824')))).toBe('1Gi');
    expect(formatQuantity(maxQuantity(quantity('500m'), quantity('1')))).toBe('1');
  });
});

it.each([
  ['500m', 0.5],
  ['2', 2],
  ['1Gi', 2 ** 30],
  ['1e3', 1000],
  ['', 0],
  ['many', 0],
])('takes %j as the number %d', (text, want) => {
  expect(amountOf(text)).toBe(want);
});
