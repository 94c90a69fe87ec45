import picomatch from 'picomatch';
import type { Schedule } from '../base/schedule.ts';
import type { Freeze, Frozen } from '../ports/freeze.ts';

/** One line of the operator's configuration; freeze-config.ts reads it, run/decide/gates.ts holds stacks by it. */
export interface FreezeWindow {
  readonly name: string;
  /** `deny`: nothing is changed while it is open. `allow`: things are changed only while one of these is open. */
  readonly kind: 'deny' | 'allow';
  /** Schedule of its beginnings. */
  readonly schedule: Schedule;
  readonly durationMs: number;
  /** Time zone in which its end is told, such as Europe/Berlin. */
  readonly timezone: string;
  /** Globs of stack names; empty: all. */
  readonly stacks: readonly string[];
}

/** Windows that follow each other without a gap are one; more than this in a row are looked at again later. */
const MAX_CHAINED_WINDOWS = 500;

export function createFreeze(windows: readonly FreezeWindow[]): Freeze {
  const ready = windows.map((window) => ({
    ...window,
    concerns: window.stacks.length === 0 ? () => true : picomatch([...window.stacks]),
  }));
  return {
    at(stack, now) {
      const own = ready.filter(({ concerns }) => concerns(stack));
      for (const window of own) {
        const end = window.kind === 'deny' ? openUntil(window, now) : null;
        if (end !== null) return frozen(end, window);
      }
      const allowing = own.filter(({ kind }) => kind === 'allow');
      if (allowing.length === 0 || allowing.some((window) => openUntil(window, now) !== null)) return null;
      const [next] = allowing
        .map((window) => ({ window, at: nextBeginning(window, now) }))
        .sort((a, b) => a.at - b.at);
      return next === undefined ? null : frozen(next.at, next.window);
    },
  };
}

/** When the window that is open now ends; `null` when none is. The end itself is outside. */
function openUntil(window: FreezeWindow, now: number): number | null {
  let beginning = nextBeginning(window, now - window.durationMs);
  if (beginning > now) return null;
  let end = beginning + window.durationMs;
  for (let count = 0; count < MAX_CHAINED_WINDOWS; count++) {
    beginning = nextBeginning(window, beginning);
    if (beginning > end) break;
    end = beginning + window.durationMs;
  }
  return end;
}

/** The first beginning after a moment. */
function nextBeginning({ schedule }: FreezeWindow, after: number): number {
  return schedule.next(after);
}

function frozen(until: number, { name, timezone }: FreezeWindow): Frozen {
  return { reason: `frozen until ${formatTime(until, timezone)} (${name})`, until };
}

/** `2026-12-24 18:00 Europe/Berlin` */
function formatTime(time: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone });
  return `${parts.format(time)} ${timeZone}`;
}
