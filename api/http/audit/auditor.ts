import { LRUCache } from 'lru-cache';
import type { AuditActor, AuditEntry, AuditRecords, Logger } from '../../../reconciler/index.ts';
import { errorMessage } from '../../../reconciler/index.ts';
import type { Identity } from '../../auth/identity.ts';
import { ANONYMOUS, callerOf } from '../../auth/identity.ts';
import { networkOf } from '../client-address.ts';

export interface AuditedRequest extends Omit<AuditEntry, 'at' | 'actor' | 'address' | 'status'> {
  readonly identity: Identity;
  readonly address: string;
  readonly status: number;
  /** Anybody may ask for it, or any viewer: the same, asked for again and again, is one entry with a count. */
  readonly isCheap: boolean;
}

/** Writes down who asked for what. It does not throw: an answer is not taken back because nobody could write it down. */
export interface Auditor {
  note(request: AuditedRequest): void;
}

export interface AuditorOptions {
  readonly records: AuditRecords;
  readonly logger: Logger;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

const KEEP_MS = 400 * 24 * 3_600_000;
const KEEP = 100_000;
const KEEP_OF_NOBODY = 10_000;
/** Entries that are too many are dropped after so many new entries. */
const PRUNE_EVERY = 500;
/** The same within this time is counted in one entry; of nobody known, all of an address. */
const SAME_MS = 60_000;
const SAME_OF_NOBODY_MS = 10 * 60_000;
/** Entries that are remembered to be counted on. */
const MAX_REMEMBERED = 10_000;

interface Counted {
  readonly number: number;
  readonly since: number;
}

/** Everybody who reaches the server can be refused as often as they like: what is refused, or cheap, is counted and not repeated. */
export function createAuditor({ records, logger, now = Date.now }: AuditorOptions): Auditor {
  const counted = new LRUCache<string, Counted>({ max: MAX_REMEMBERED });
  let untilPruned = 0;

  function write(request: AuditedRequest): void {
    const at = now();
    const key = sameAs(request);
    const same = key === null ? undefined : counted.get(key);
    const withinMs = request.identity === ANONYMOUS ? SAME_OF_NOBODY_MS : SAME_MS;
    if (same !== undefined && at - same.since < withinMs && records.repeatAudit(same.number, at)) return;
    const number = records.addAudit(toEntry(request, at));
    if (key !== null) counted.set(key, { number, since: at });
    untilPruned -= 1;
    if (untilPruned > 0) return;
    untilPruned = PRUNE_EVERY;
    records.pruneAudit({ before: at - KEEP_MS, keep: KEEP, keepOfNobody: KEEP_OF_NOBODY });
  }

  return {
    note(request) {
      try {
        write(request);
      } catch (error) {
        const { action, identity } = request;
        logger.error(
          { action, caller: callerOf(identity), error: errorMessage(error) },
          'A request cannot be written into the audit',
        );
      }
    },
  };
}

/** Returns what requests that are one entry have in common; `null`: each is its own. Refused and cheap ones are, whatever they were for: nobody pushes others out with them. */
function sameAs(request: AuditedRequest): string | null {
  const { identity, address, action, status, code, isCheap, job, commit } = request;
  const isRefused = status >= 400 || code !== null;
  if (identity === ANONYMOUS) return `${networkOf(address)}\0${isRefused}`;
  if (!isRefused && (!isCheap || job !== null || commit !== null)) return null;
  return [identity.via, callerOf(identity), networkOf(address), action, status, code].join('\0');
}

function toEntry({ identity, isCheap: _isCheap, ...request }: AuditedRequest, at: number): AuditEntry {
  return { ...request, at, actor: toActor(identity) };
}

/** Bearers of tokens may call themselves like anybody, so what their issuer calls them stands beside it. */
function toActor(identity: Identity): AuditActor {
  const { name, email, via, subject } = identity;
  if (identity === ANONYMOUS) return { name, email: '', via: 'none' };
  return { name: subject === undefined ? name : callerOf(identity), email, via };
}
