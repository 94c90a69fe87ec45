import type { Scalar as YamlScalar } from 'yaml';

export type Scalar = string | number | boolean | null;

const OCTAL = /^[-+]?0[0-7]+$/;
const OTHER_BASE = /^[-+]?0[xob][0-9a-fA-F_]+$/;

/**
 * A plain scalar; `compose`: as Compose's own YAML reader takes it, where that differs from YAML 1.2: `0644` is octal. Whole
 * numbers that are too large to be kept exactly stay as they are written.
 */
export function readScalar({ value, source, type }: YamlScalar, reader: 'compose' | 'yaml-1.2'): Scalar {
  if (typeof value === 'number' && source !== undefined && (type === 'PLAIN' || type === undefined)) {
    if (reader === 'compose' && OCTAL.test(source)) return Number.parseInt(source, 8);
    if (reader === 'compose' && OTHER_BASE.test(source)) return Number(source);
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? source : value;
  }
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return null;
}
