import { computed, effect, signal } from '@preact/signals';
import type { Role, SessionView } from '../client/api-types.ts';
import { ApiError, get, post, remove, signedOut, toApiError } from '../client/request.ts';
import { announceError } from './announce.tsx';
import { forgetUnsaved, tellUnsaved } from './unsaved.ts';

/** The person who looks at the page; `null` until the first answer. */
export const session = signal<SessionView | null>(null);
/** Reason why nobody could be asked. */
export const sessionError = signal<ApiError | null>(null);

const RANKS: Readonly<Record<Role, number>> = { viewer: 0, deployer: 1, admin: 2 };
const rank = computed(() => {
  const role = session.value?.role;
  return role === null || role === undefined ? -1 : RANKS[role];
});

/** Tells whether whoever is signed in may do what needs this role. */
export function may(role: Role): boolean {
  return rank.value >= RANKS[role];
}

/** Tells people apart; `null`: nobody is signed in. Users can be renamed; keys cannot, and their addresses are only near to their names. */
export const person = computed(() => {
  const who = session.value;
  if (who === null || !who.signed_in) return null;
  const { name, email } = who;
  return email === null || email.endsWith('@kombinator.local') ? `key ${name}` : email;
});

/** Nobody finds, or commits, what somebody else wrote; whoever comes back finds their own. */
let wasThere: string | null = null;
effect(() => {
  if (person.value === null) return;
  if (wasThere !== null && wasThere !== person.value) forgetUnsaved();
  wasThere = person.value;
});

/** Counts questions of who is there: an answer that was overtaken by a newer question counts for nothing. */
let asked = 0;

export async function readSession(): Promise<void> {
  const turn = ++asked;
  try {
    const answer = await get<SessionView>('/session');
    if (turn !== asked) return;
    session.value = answer;
    sessionError.value = null;
  } catch (error) {
    if (turn === asked) sessionError.value = toApiError(error);
  }
}

export type SignIn =
  | { readonly key: string }
  | { readonly email: string; readonly password: string }
  | { readonly link: string };

/** Throws `ApiError`. */
export async function signIn(credentials: SignIn): Promise<void> {
  const answer = await post<SessionView>('/session', credentials);
  asked += 1;
  session.value = answer;
}

/** Signs this browser out, and forgets what was written in it. Throws `ApiError`. */
export async function signOut(): Promise<void> {
  await remove('/session');
  forgetUnsaved();
  await readSession();
}

/** Signs in by the link in the address, which counts once, and takes it out of the address and the history. */
async function useLink(): Promise<void> {
  const link = /^#link=([\w.-]+)$/.exec(location.hash)?.[1];
  if (link === undefined) return;
  history.replaceState(null, '', location.pathname + location.search);
  linkError.value = null;
  try {
    // It may be somebody else's, and what is written here goes with a change of people.
    if (person.value !== null && tellUnsaved().length > 0)
      throw new ApiError(0, 'UNSAVED', UNSAVED, tellUnsaved());
    await signIn({ link });
  } catch (error) {
    const problem = toApiError(error);
    if (person.value === null) linkError.value = problem;
    else announceError(`Still signed in as ${session.value?.name ?? 'before'}`, problem);
  }
}

const UNSAVED = 'this is not committed yet, and would be lost. The link has not been used';

/** Signs in by a link in the address, also by one that is pasted into the address of the open page. */
export async function heedLinks(): Promise<void> {
  window.addEventListener('hashchange', () => void useLink());
  await useLink();
}

/** Reason why the link in the address did not count. */
export const linkError = signal<ApiError | null>(null);

/** The session ended while the page was open: ask who is there now. */
effect(() => {
  if (signedOut.value > 0) void readSession();
});
