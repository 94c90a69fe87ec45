import { createHash } from 'node:crypto';
import type { SignedIn } from '../../../accounts/accounts.ts';
import { PLATFORM_ROLES } from '../../../accounts/tokens.ts';
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

export function toSignedIn({ token, user }: SignedIn) {
  return { token, user: toUser(user) };
}

export const SIGNED_IN = record({ token: TEXT, user: refer('User') });
