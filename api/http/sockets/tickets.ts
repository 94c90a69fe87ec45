import { randomBytes } from 'node:crypto';
import { HttpProblem } from '../problem.ts';

/** Time in which a ticket has to be used, in milliseconds. */
const TICKET_MS = 30_000;
const MAX_TICKETS = 1_000;
const MAX_TICKETS_OF_ONE = 32;

export interface IssuedTicket {
  /** 43 characters that nobody can guess. */
  readonly ticket: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Tickets that stand for a request that was checked: browsers cannot send a key along with a web socket, and none belongs in an address. */
export interface Tickets<T> {
  /** Throws SERVICE_UNAVAILABLE for one too many of a caller. */
  issue(value: T, caller: string): IssuedTicket;
  /** Counts once. Throws UNAUTHORIZED. */
  redeem(ticket: string): T;
}

interface Kept<T> {
  readonly value: T;
  readonly caller: string;
  readonly expiresAt: number;
}

export function createTickets<T>(now: () => number = Date.now): Tickets<T> {
  const kept = new Map<string, Kept<T>>();
  const forgetOld = (): void => {
    for (const [ticket, { expiresAt }] of kept) {
      // They stand in the order in which they end.
      if (expiresAt > now()) return;
      kept.delete(ticket);
    }
  };
  return {
    issue(value, caller) {
      forgetOld();
      const own = [...kept.values()].filter((one) => one.caller === caller).length;
      if (own >= MAX_TICKETS_OF_ONE || kept.size >= MAX_TICKETS)
        throw new HttpProblem('SERVICE_UNAVAILABLE', 'too many tickets are waiting to be used', {
          headers: { 'Retry-After': '30' },
        });
      const ticket = randomBytes(32).toString('base64url');
      const expiresAt = now() + TICKET_MS;
      kept.set(ticket, { value, caller, expiresAt });
      return { ticket, expiresAt };
    },
    redeem(ticket) {
      forgetOld();
      const found = kept.get(ticket);
      kept.delete(ticket);
      if (found !== undefined) return found.value;
      throw new HttpProblem('UNAUTHORIZED', 'the ticket is not valid: it counts once, and for 30 seconds');
    },
  };
}
