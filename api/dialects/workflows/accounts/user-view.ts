import { createHash } from 'node:crypto';
import type { SignedIn } from '../../../accounts/accounts.ts';
import type { ApiRequest } from '../../../http/route.ts';
import { identityOfUser, PLATFORM_ROLES } from '../../../accounts/tokens.ts';
import type { UserRecord } from '../../../../reconciler/index.ts';
import { emailKey } from '../../../../reconciler/index.ts';
import { record, refer, TEXT } from '../schemas.ts';

/** A user in the words of the platform. */
export function toUser({ id, email, name, role, createdAt, external }: UserRecord) {
  const picture = createHash('sha256').update(emailKey(email)).digest('hex');
  return {
    id,
    email,
    name,
    role: PLATFORM_ROLES[role],
    avatarUrl: `https://www.gravatar.com/avatar/${picture}?d=identicon`,
    createdAt,
    authProvider: external?.provider ?? '',
  };
}

/** Tells the audit who has signed in. */
export function noteSignedIn(note: ApiRequest['note'], signedIn: SignedIn): SignedIn {
  note({ identity: identityOfUser(signedIn.user) });
  return signedIn;
}

export function toSignedIn({ token, user }: SignedIn) {
  return { token, user: toUser(user) };
}

export const SIGNED_IN = record({ token: TEXT, user: refer('User') });
