import type { SignInProvider, UserRecord, UserRecords } from '../../../reconciler/index.ts';
import { buildUser, withoutTokens } from '../user-record.ts';
import type { ProviderIdentity } from './read-identity.ts';

export interface ChooseOptions {
  readonly records: UserRecords;
  readonly provider: SignInProvider;
  /** Nobody has been a user yet, so that a first one may become admin. */
  readonly mayBeFirst: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type ChosenAccount =
  | { readonly user: UserRecord; readonly how: 'known' | 'linked' | 'new' }
  | { readonly user: null; readonly reason: string };

/**
 * Chooses the account of somebody who comes from a provider: that of the identity there; else the one with the same address, if the
 * provider says that the address is theirs and the account belongs to no provider yet; else a new one, where the provider may make some.
 *
 * An account that is linked loses its password and its tokens: nobody has checked that whoever set them has the address.
 */
export function chooseAccount(identity: ProviderIdentity, options: ChooseOptions): ChosenAccount {
  const { records, provider, mayBeFirst, now } = options;
  const external = { provider: provider.name, subject: identity.subject };
  const known = records.findUserByIdentity(external);
  if (known !== undefined) return { user: known, how: 'known' };
  if (!identity.emailVerified) return refused('the provider does not say that the address is verified');
  const same = records.findUserByEmail(identity.email);
  if (same !== undefined) {
    if (same.external !== null) return refused('the account of that address belongs to another identity');
    const linked = { ...withoutTokens(same), external, passwordHash: null };
    return records.saveUser(linked) ? { user: linked, how: 'linked' } : refused('the account is gone');
  }
  if (!provider.newUsers) return refused('the provider makes no accounts: signUp is not set');
  if (!records.hasUsers() && !mayBeFirst)
    return refused('there have been users, and they are gone: kombinator user add makes the first one');
  const { email, name } = identity;
  const made = buildUser({ email, name, role: 'deployer', passwordHash: null, external }, now);
  const user = records.addUser(made, 'admin');
  return user === undefined ? refused('somebody else has the address now') : { user, how: 'new' };
}

function refused(reason: string): ChosenAccount {
  return { user: null, reason };
}
