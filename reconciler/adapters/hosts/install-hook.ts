import type { AskHost } from './host-client.ts';
import { askForAll } from './host-client.ts';
import { HostAnswer } from './host-fetch.ts';
import { memberAt, readAnswer, readEntries } from './read-answer.ts';

export interface HookPlace {
  readonly ask: AskHost;
  /** Path of the list of hooks. */
  readonly path: string;
  readonly perPage: Readonly<Record<string, string>>;
  /** Member of a hook that holds its address, `config.url`. */
  readonly addressAt: string;
  /** Method that changes a hook; `null`: the host changes everything but its secret, so it is made anew. */
  readonly method: 'PATCH' | 'PUT' | null;
  /** Token that may set hooks up, as the host calls it: `one with Webhooks write`. */
  readonly right: string;
  /** Member of a hook that names it in paths. Default `id`. */
  readonly idAt?: string;
  readonly entriesOf?: (data: unknown) => readonly unknown[];
}

const MAX_HOOKS = 500;

/** Sets a hook up, or brings the one of that address up to date. Resolves to its id. */
export async function writeHook(place: HookPlace, wanted: WantedHook, signal: AbortSignal): Promise<string> {
  try {
    return await putHook(place, wanted, signal);
  } catch (error) {
    throw lacksRight(error) ? withRight(error, place.right) : error;
  }
}

interface WantedHook {
  readonly address: string;
  readonly create: object;
  readonly update: object;
}

async function putHook(
  { ask, path, perPage, addressAt, method, idAt = 'id', entriesOf = readEntries }: HookPlace,
  { address, create, update }: WantedHook,
  signal: AbortSignal,
): Promise<string> {
  const hooks = await askForAll(ask, { path, query: perPage, limit: MAX_HOOKS, signal }, entriesOf);
  const known = hooks.filter((hook) => memberAt(hook, addressAt) === address);
  const [first] = known;
  const pathOf = (hook: unknown) => `${path}/${encodeURIComponent(idOf(hook, idAt))}`;
  if (first !== undefined && method !== null) {
    const { data } = await ask({ method, path: pathOf(first), body: update, signal });
    return idOf(data ?? first, idAt);
  }
  const { data } = await ask({ method: 'POST', path, body: create, signal });
  // The new one is there before the old one goes: a push in between is told of twice, and not never.
  for (const old of known) await ask({ method: 'DELETE', path: pathOf(old), signal });
  return idOf(data, idAt);
}

/** Hosts answer 404 as well where they do not say that there is something. */
function lacksRight(error: unknown): error is HostAnswer {
  return error instanceof HostAnswer && [401, 403, 404].includes(error.status);
}

function withRight({ status, code, message }: HostAnswer, right: string): HostAnswer {
  const kind = code === 'HOST_UNAUTHORIZED' ? code : 'HOST_REFUSED';
  return new HostAnswer(status, [kind, `${message}; to set hooks up, git.host.token has to be ${right}`]);
}

function idOf(hook: unknown, idAt: string): string {
  const id = memberAt(hook, idAt);
  return typeof id === 'number' ? `${id}` : readAnswer(hook).text(idAt);
}
