import { posix } from 'node:path';

/** Returns the path without `.`, `..`, doubled and trailing slashes. */
export function normalisePath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
