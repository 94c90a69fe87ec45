import { isReconcilerError, ReconcilerError } from '../../../base/errors.ts';
import { repositoryOf } from '../../../model/docker/image-reference.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ImageQuestion, RegistryClient } from '../../../ports/registry-client.ts';

/** Registries, and how much they were asked: what one of them has had enough of counts for all looks. */
export interface AskedRegistries {
  /** One registry for one look: the same question is asked once. */
  look(host: string, signal: AbortSignal): RegistryLook;
}

/** Throws as `RegistryClient` does. */
export interface RegistryLook {
  tagsOf(image: string): Promise<readonly string[]>;
  digestOf(image: string, tag: string): Promise<string>;
}

export interface AskedRegistriesOptions {
  readonly clock: Clock;
  readonly client: Pick<RegistryClient, 'listTags' | 'digestOf'>;
  /** Credentials for an image; throws where they cannot be had. */
  readonly loginFor: (image: string) => ImageQuestion['login'];
}

/** Requests to one registry within a minute. */
const PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** A registry that wants to be left alone for longer is asked again after this time, and says so once more. */
const MAX_CLOSED_MS = 24 * 60 * MINUTE_MS;

/** Times count from any moment, in milliseconds. */
interface RegistryState {
  /** Requests of the last minute. */
  readonly asked: number[];
  /** It has had enough: nothing is asked before this. */
  closed: { readonly until: number; readonly error: ReconcilerError } | null;
}

export function createAskedRegistries(options: AskedRegistriesOptions): AskedRegistries {
  const states = new Map<string, RegistryState>();
  return {
    look(host, signal) {
      const state = states.get(host) ?? { asked: [], closed: null };
      states.set(host, state);
      return createLook(state, options, signal);
    },
  };
}

function createLook(
  state: RegistryState,
  { clock, client, loginFor }: AskedRegistriesOptions,
  signal: AbortSignal,
): RegistryLook {
  const tags = new Map<string, Promise<readonly string[]>>();
  const { asked } = state;
  const pace = async (): Promise<void> => {
    const oldest = asked.length < PER_MINUTE ? undefined : asked.shift();
    const wait = oldest === undefined ? 0 : oldest + MINUTE_MS - clock.elapsed();
    if (wait > 0) await clock.sleep(wait, signal);
    asked.push(clock.elapsed());
  };
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    const { closed } = state;
    if (closed !== null && clock.elapsed() < closed.until) throw stillClosed(closed, clock.elapsed());
    try {
      return await question();
    } catch (error) {
      const wait = isReconcilerError(error) ? error.details.retryAfterMs : undefined;
      if (isReconcilerError(error) && wait !== undefined)
        state.closed = { until: clock.elapsed() + Math.min(wait, MAX_CLOSED_MS), error };
      throw error;
    }
  };
  const questionOf = (image: string): ImageQuestion => ({
    image: repositoryOf(image),
    login: loginFor(image),
    pace,
  });
  return {
    digestOf: (image, tag) => ask(() => client.digestOf({ ...questionOf(image), tag }, signal)),
    tagsOf(image) {
      const repository = repositoryOf(image);
      const known = tags.get(repository) ?? ask(() => client.listTags(questionOf(image), signal));
      tags.set(repository, known);
      return known;
    },
  };
}

function stillClosed({ until, error }: NonNullable<RegistryState['closed']>, now: number): ReconcilerError {
  const left = Math.ceil((until - now) / 1_000);
  return new ReconcilerError(error.code, `${error.message} (${left} s are left)`, {
    cause: error,
    retryable: true,
  });
}
