import type { JobDetail } from '../../../../reconciler/index.ts';
import { EXIT } from '../../terminal/failure.ts';
import type { Invocation } from '../../invocation.ts';
import { present } from '../../invocation.ts';
import { createLineProgress } from '../../terminal/progress.ts';
import type { Session } from '../../session/session.ts';
import { formatDuration } from '../../terminal/table.ts';

/** Shows the steps of a job until it ends. */
export async function followJob(
  { terminal, style, interrupt, options }: Invocation,
  session: Session,
  { id, stack }: { readonly id: string; readonly stack: string },
): Promise<JobDetail> {
  const toErr = options.json === true || !terminal.isTerminal;
  using progress = createLineProgress((line) => (toErr ? terminal.err(line) : terminal.out(line)), style);
  // Awaited here: the progress is closed with this function.
  return await session.followJob(id, (step) => progress.step(stack, step), interrupt.signal);
}

/** Says how it ended, and with which exit code. */
export function finishJob(invocation: Invocation, done: string, detail: JobDetail): number {
  const { job } = detail;
  const { style, interrupt } = invocation;
  const ok = job.status === 'completed';
  present(invocation, { ok, ...detail }, () => {
    const name = style.bold(job.stack);
    if (ok) return `${style.good('✓')} ${name} ${done} in ${formatDuration(job.startedAt, job.endedAt)}`;
    const reason = job.error === null ? job.status : `${job.error.message} [${job.error.code}]`;
    return `${style.bad('✗')} ${name} not ${done.split(' ', 1)[0] === 'backed' ? 'backed up' : 'restored'}: ${reason}`;
  });
  if (interrupt.stopped) return EXIT.interrupted;
  return ok ? EXIT.ok : EXIT.failed;
}
