import type { CommitStatus, GitHost, HookDelivery } from '../../../reconciler/ports/hosts/git-host.ts';
import type { HostDouble } from '../../support/hosts/host-double.ts';

export interface GitHostHarness {
  start(): Promise<HostDouble>;
  /** Another process with the token of the world, or with another one. */
  open(double: HostDouble, options?: { readonly token?: string; readonly timeoutMs?: number }): GitHost;
  /** Secret that hooks are signed with. */
  readonly hookSecret: string;
  /** State of a status in the words of the host. */
  readonly states: Readonly<Record<CommitStatus['state'], string>>;
  readonly hasReactions: boolean;
  readonly hasDeployments: boolean;
  /** Ref that holds what a pull request proposes. */
  readonly refOf: (pull: number) => string;
  /** Ref of one out of another repository. */
  readonly forkRefOf: (pull: number) => string;
  /** The same delivery, signed wrongly and not at all. */
  readonly forge: (delivery: HookDelivery) => HookDelivery;
  readonly unsign: (delivery: HookDelivery) => HookDelivery;
}
