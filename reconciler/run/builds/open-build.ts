import type { BuildRecord } from '../../ports/builds/build-records.ts';
import type { Actor } from '../../public/views.ts';
import { BuildTail } from './build-log.ts';
import type { BuildRequest } from './read-request.ts';

/** Reason why a build was ended from outside. */
export class BuildStop extends Error {
  readonly kind: 'cancelled' | 'late' | 'closing';

  constructor(kind: BuildStop['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A build that has not ended, with what is nowhere else: values of arguments, its last lines, and who listens. */
export class OpenBuild {
  record: BuildRecord;
  readonly request: BuildRequest;
  readonly actor: Actor;
  /** The one service of the stack that gets the image; `null`: every deployment. */
  readonly service: string | null;
  readonly tail = new BuildTail();
  readonly stop = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #changed: PromiseWithResolvers<void> | null = null;

  constructor(record: BuildRecord, asked: Pick<OpenBuild, 'request' | 'actor' | 'service'>) {
    this.record = record;
    this.request = asked.request;
    this.actor = asked.actor;
    this.service = asked.service;
  }

  /** Resolves when it has ended, however it did. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Resolves at the next line or change of its state. */
  get changed(): Promise<void> {
    return (this.#changed ??= Promise.withResolvers<void>()).promise;
  }

  notify(): void {
    this.#changed?.resolve();
    this.#changed = null;
    if (this.record.endedAt !== null) this.#ended.resolve();
  }
}
