import { idOf } from '../../../reconciler/index.ts';
import type { Identity } from '../../auth/identity.ts';

/** An id of whoever asks, which nobody else has: of the user, else one that is made of the subject of the token, or of the name of the key. */
export function ownerOf({ userId, via, subject, name }: Identity): string {
  return userId ?? idOf('caller', `${via}\0${subject ?? name}`);
}
