import type { ExecResult, ExecSession } from '../../../reconciler/ports/target-capabilities.ts';

/** A program that has its result ready, and echoes its input when it is `cat`; it ends with its input, or its signal. */
export function createMemorySession(
  result: ExecResult,
  argv: readonly string[],
  signal: AbortSignal,
): ExecSession {
  const input: Uint8Array[] = [];
  const ended = Promise.withResolvers<void>();
  const isCat = argv.join(' ').includes('cat');
  signal.addEventListener('abort', () => ended.resolve());
  async function* output() {
    if (isCat) await ended.promise;
    for (const bytes of input) yield { stream: 'stdout' as const, bytes };
    if (result.stdout !== '') yield { stream: 'stdout' as const, bytes: Buffer.from(result.stdout) };
    if (result.stderr !== '') yield { stream: 'stderr' as const, bytes: Buffer.from(result.stderr) };
  }
  return {
    output: output(),
    exitCode: (isCat ? ended.promise : Promise.resolve()).then(() => {
      signal.throwIfAborted();
      return result.exitCode;
    }),
    write: (bytes) => void input.push(bytes),
    drained: () => Promise.resolve(),
    end: () => ended.resolve(),
    resize: async () => undefined,
    async [Symbol.asyncDispose]() {
      ended.resolve();
    },
  };
}
