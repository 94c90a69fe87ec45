import { EXIT } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';

export interface LogsOptions {
  readonly stack: string;
  readonly service: string;
  /** Last lines only. */
  readonly tail?: number;
  /** How far back, in milliseconds. */
  readonly sinceMs?: number;
  readonly follow: boolean;
  readonly timestamps: boolean;
}

/** What the service wrote; its stderr goes to stderr. With `--json` one document per line, since it may never end. */
export async function runLogs(invocation: Invocation, options: LogsOptions): Promise<number> {
  await using session = await invocation.openSession('read', 'logs');
  const { terminal, interrupt, options: global } = invocation;
  const { stack, service, tail, sinceMs, follow, timestamps } = options;
  const lines = session.logs(stack, service, {
    follow,
    signal: interrupt.signal,
    ...(tail !== undefined && { tail }),
    ...(sinceMs !== undefined && { since: new Date(invocation.now() - sinceMs) }),
  });
  for await (const line of lines) {
    if (global.json === true) {
      terminal.out(JSON.stringify(line));
      continue;
    }
    const text = timestamps ? `${invocation.style.dim(line.time)} ${line.text}` : line.text;
    if (line.stream === 'stderr') terminal.err(text);
    else terminal.out(text);
  }
  return interrupt.stopped ? EXIT.interrupted : EXIT.ok;
}
