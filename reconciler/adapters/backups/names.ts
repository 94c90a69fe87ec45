import { ReconcilerError } from '../../base/errors.ts';

/** One name, never a way to somewhere else. */
export function segment(name: string): string {
  if (name !== '' && name !== '.' && name !== '..' && !/[/\\\0\n]/.test(name)) return name;
  throw new ReconcilerError('BAD_OPTIONS', `${JSON.stringify(name)} cannot be the name of a file`);
}

/** Environment of a program: what every program needs, and what this one is set up with. */
export function passedEnv(
  env: Readonly<Record<string, string | undefined>>,
  prefixes: readonly string[],
): Record<string, string | undefined> {
  const passed = new Set([
    'PATH',
    'HOME',
    'LANG',
    'TMPDIR',
    'SSH_AUTH_SOCK',
    'HTTPS_PROXY',
    'HTTP_PROXY',
    'NO_PROXY',
  ]);
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => passed.has(name) || prefixes.some((one) => name.startsWith(one))),
  );
}
