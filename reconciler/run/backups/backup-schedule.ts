import { wasDue } from '../../database/backup.ts';
import { errorMessage } from '../../base/errors.ts';
import type { RunContext } from '../context.ts';
import { recallStack } from '../context.ts';
import type { Backups } from './backups.ts';

const MINUTE_MS = 60_000;

interface Entry {
  schedule: string;
  /** Looked at up to then, in milliseconds since the epoch; `null` when it is not known yet what was missed. */
  seen: number | null;
}

/** Has databases backed up at their times. What was missed while no daemon ran, or the machine slept, is made up for once. */
export class BackupSchedule {
  readonly #context: RunContext;
  readonly #backups: Backups;
  readonly #entries = new Map<string, Entry>();

  constructor(context: RunContext, backups: Backups) {
    this.#context = context;
    this.#backups = backups;
  }

  /** Takes what the newest description of a stack says. */
  note(stack: string): void {
    const schedule = this.#context.desired.get(stack)?.backup?.schedule;
    const known = this.#entries.get(stack);
    if (schedule === undefined) this.#entries.delete(stack);
    else if (known === undefined) this.#entries.set(stack, { schedule, seen: null });
    else known.schedule = schedule;
  }

  /** Looks at the beginning of each minute. Ends when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    for (;;) {
      const now = clock.now();
      await clock.sleep((Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS - now + 1, signal);
      await this.beginDue(signal);
    }
  }

  /** Begins what has become due since the last look. */
  async beginDue(signal: AbortSignal): Promise<void> {
    const now = this.#context.clock.now();
    for (const [stack, entry] of this.#entries) {
      try {
        await this.#beginIfDue(stack, entry, { now, signal });
      } catch (error) {
        signal.throwIfAborted();
        this.#context.logger.warn(
          { stack, error: errorMessage(error) },
          'cannot tell whether a backup is due',
        );
      }
    }
  }

  async #beginIfDue(
    stack: string,
    entry: Entry,
    { now, signal }: { readonly now: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const since = entry.seen ?? (await this.#lastTime(stack, signal));
    if (since === undefined) return;
    entry.seen = now;
    if (since !== null && wasDue(entry.schedule, since, now)) this.#begin(stack);
  }

  /** A stack that was never backed up should have been since it was deployed. */
  async #lastTime(stack: string, signal: AbortSignal): Promise<number | null | undefined> {
    const newest = await this.#backups.newest(stack, signal);
    if (newest !== null) return newest;
    const { lastAppliedAt } = recallStack(this.#context, stack);
    return lastAppliedAt === null ? null : Date.parse(lastAppliedAt);
  }

  #begin(stack: string): void {
    const { logger } = this.#context;
    if (recallStack(this.#context, stack).stopped !== null) {
      logger.info({ stack }, 'no backup: the stack is stopped');
      return;
    }
    if (this.#backups.isBusy(stack)) {
      logger.warn({ stack }, 'no backup: the one before is not over yet');
      return;
    }
    try {
      this.#backups.backup({ stack, actor: null, trigger: 'schedule' });
    } catch (error) {
      logger.warn({ stack, error: errorMessage(error) }, 'a scheduled backup could not begin');
    }
  }
}
