import type { AuditRecords, ExecRight, Instances, SessionRequest } from '../../../../reconciler/index.ts';
import type { Accounts } from '../../../accounts/accounts.ts';
import type { Sessions } from '../../../accounts/sessions/sessions.ts';
import type { KeyRecords } from '../../../auth/make-key.ts';
import type { Identity } from '../../../auth/identity.ts';
import type { Tickets } from '../../../http/sockets/tickets.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import type { EventFeed } from '../../../operations/live/event-feed.ts';
import type { SourceList } from '../../../operations/sources.ts';

/** A program that somebody may run, once. */
export interface ExecTicket {
  readonly stack: string;
  readonly service: string;
  readonly request: Omit<SessionRequest, 'signal'>;
  /** Identity that asked for it. */
  readonly caller: Identity;
  /** Default: 80 × 24. */
  readonly size?: { readonly columns: number; readonly rows: number };
  /** Throws when whoever asked may not any more. */
  readonly recheck: () => Promise<unknown>;
}

/** The parts that this dialect works with. */
export interface KombifyDeps extends ApiDeps {
  readonly execRight: ExecRight;
  readonly tickets: Tickets<ExecTicket>;
  /** `null`: there are no users. */
  readonly accounts: Accounts | null;
  /** `null`: browsers cannot sign in. */
  readonly sessions: Sessions | null;
  /** API keys; `null`: they cannot be changed over the API. */
  readonly keys: KeyRecords | null;
  /** `null`: requests are written down nowhere. */
  readonly audit: AuditRecords | null;
  /** `null`: this server runs none. */
  readonly instances: Instances | null;
  /** Authentication is off. */
  readonly isOpen: boolean;
  readonly sources: SourceList;
  readonly feed: EventFeed;
}
