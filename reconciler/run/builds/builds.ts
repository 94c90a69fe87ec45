import { onAbort } from '../../base/abort-scope.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { BuildPolicy } from '../../ports/builds/build-policy.ts';
import type { BuildRecord, BuildRecords } from '../../ports/builds/build-records.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { BuildEvent } from '../../public/builds.ts';
import type { Actor } from '../../public/views.ts';
import { MAX_LINES } from './build-log.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { BuildRequest } from './read-request.ts';
import { BuildStop, OpenBuild } from './open-build.ts';
import type { BuildSteps } from './run-build.ts';
import { runBuild } from './run-build.ts';

export interface BuildsParts extends Omit<BuildSteps, 'policy'> {
  /** `null`: nothing is built; what was built can be looked at. */
  readonly policy: BuildPolicy | null;
  readonly store: BuildRecords;
  /** Told when a build has ended, however; it does not throw. */
  readonly onEnd: (build: BuildRecord) => void;
  readonly clock: Pick<Clock, 'now' | 'elapsed' | 'sleep'>;
  readonly logger: Logger;
}

/** A checked request. */
export interface AskedBuild {
  readonly request: BuildRequest;
  readonly record: Pick<BuildRecord, 'owner' | 'stack' | 'repository' | 'registry' | 'image'>;
  readonly service: string | null;
  readonly actor: Actor;
}

/** Builds of one owner, and of all, that may wait for their turn. */
const MAX_WAITING = 20;
const MAX_WAITING_OF_ALL = 100;
/** Lines are written down this often, and whenever the state changes. */
const STORE_EVERY_MS = 2_000;
const KEEP_MS = 30 * 86_400_000;
const MAX_KEPT = 500;
const SAVE_RETRY_MS = 5_000;
const SWEEP_MS = 60_000;
const LOOK_MS = 1_000;

/** Builds that go on and wait, in this process; the store has what they came to. */
export class Builds implements AsyncDisposable {
  readonly #parts: BuildsParts;
  readonly #open = new Map<string, OpenBuild>();
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: BuildsParts) {
    this.#parts = parts;
  }

  #refuseTooMany(owner: string): void {
    const waiting = [...this.#open.values()].filter(({ record: { status } }) => status === 'pending');
    const own = waiting.filter(({ record }) => record.owner === owner).length;
    if (own < MAX_WAITING && waiting.length < MAX_WAITING_OF_ALL) return;
    const count = own < MAX_WAITING ? `${waiting.length} builds` : `${own} builds of yours`;
    throw new ReconcilerError('BAD_OPTIONS', `${count} wait already: try again when one has ended`, {
      retryable: true,
    });
  }

  /** Queues a build. Throws BAD_OPTIONS when too many wait, and as the store does. */
  add({ request, record, service, actor }: AskedBuild): BuildRecord {
    if (this.#closing.signal.aborted) throw new ReconcilerError('CANCELLED', 'no build begins any more');
    this.#refuseTooMany(record.owner);
    const now = this.#parts.clock.now();
    const { args, dockerfile, generated, branch, context, imageName, tag } = request;
    const build = new OpenBuild(
      {
        ...record,
        id: newId(now),
        branch,
        commit: null,
        context,
        dockerfile,
        argumentNames: Object.keys(args).sort(),
        generated,
        imageName,
        tag,
        status: 'pending',
        stage: 'Waiting',
        progress: 0,
        digest: null,
        size: null,
        write: null,
        error: null,
        errorStage: null,
        createdAt: iso(now),
        startedAt: null,
        endedAt: null,
      },
      { request, actor, service },
    );
    this.#parts.store.saveBuild(build.record);
    this.#open.set(build.record.id, build);
    this.#next();
    return build.record;
  }

  get(id: string): BuildRecord {
    const record = this.#open.get(id)?.record ?? this.#parts.store.getBuild(id);
    if (record === undefined) throw new ReconcilerError('UNKNOWN_BUILD', `there is no build ${id}`);
    return record;
  }

  list(filter: Parameters<BuildRecords['listBuilds']>[0]): ReturnType<BuildRecords['listBuilds']> {
    const { builds, total } = this.#parts.store.listBuilds(filter);
    return { builds: builds.map((build) => this.#open.get(build.id)?.record ?? build), total };
  }

  log(id: string, afterSequence = 0) {
    this.get(id);
    return (
      this.#open.get(id)?.tail.after(afterSequence) ?? this.#parts.store.listBuildLogs(id, afterSequence)
    );
  }

  follow(id: string, signal: AbortSignal): AsyncIterable<BuildEvent> {
    return this.#follow(this.get(id), signal);
  }

  async *#follow(first: BuildRecord, signal: AbortSignal): AsyncGenerator<BuildEvent, void, undefined> {
    const { id } = first;
    let told = first;
    let seen = 0;
    const gone = Promise.withResolvers<void>();
    using _ = onAbort(signal, gone.resolve);
    while (!signal.aborted) {
      const open = this.#open.get(id);
      // Another process may be at it: there is nothing to be told by, and it is looked at now and then.
      const changed = open?.changed ?? this.#parts.clock.sleep(LOOK_MS, signal).catch(() => undefined);
      const lines = this.log(id, seen);
      seen = lines.at(-1)?.sequence ?? seen;
      for (const log of lines) yield { type: 'log', log };
      const build = this.get(id);
      if (build.endedAt !== null) return yield { type: 'end', build };
      if (build !== told) yield { type: 'progress', build };
      told = build;
      await Promise.race([changed, gone.promise]);
    }
  }

  /** Calls a build off; one that is pushed is carried through. Throws UNKNOWN_BUILD, BUILD_ENDED. */
  async cancel(id: string): Promise<BuildRecord> {
    const build = this.#open.get(id);
    const before = this.get(id);
    if (before.endedAt !== null) throw ended(before);
    if (build === undefined)
      throw new ReconcilerError(
        'BAD_OPTIONS',
        'another process builds it, and it can be called off there alone',
      );
    build.stop.abort(new BuildStop('cancelled', 'Cancelled by user'));
    if (build.record.status === 'pending')
      this.#end(build, { status: 'cancelled', stage: 'Cancelled by user' });
    await build.ended;
    if (build.record.status !== 'cancelled') throw ended(build.record);
    return build.record;
  }

  /** Ends what a process before this one has left in the middle, and tidies up now and then. */
  async tidy(signal: AbortSignal): Promise<void> {
    await this.#closeInterrupted(signal);
    for (;;) {
      this.#tryStore(() => this.#parts.store.pruneBuilds(iso(this.#parts.clock.now() - KEEP_MS), MAX_KEPT));
      await this.#parts.clock.sleep(3_600_000, signal);
    }
  }

  async #closeInterrupted(signal: AbortSignal): Promise<void> {
    const { store, clock, logger, fetcher, planner, policy, createTarget } = this.#parts;
    const left = store.listOpenBuilds().filter(({ id }) => !this.#open.has(id));
    const end = { status: 'failed', stage: 'Failed', error: INTERRUPTED, endedAt: iso(clock.now()) } as const;
    for (const build of left)
      store.saveBuild({ ...build, ...end, errorStage: STAGE_OF[build.status] ?? null });
    if (this.#open.size === 0) await Promise.all([fetcher.sweep(), planner?.sweep()]);
    if (left.length === 0 || policy === null) return;
    logger.warn({ builds: left.length }, 'builds were cut short when the process before this one ended');
    // The engine may be away, and back later.
    for (;;) {
      try {
        await using target = createTarget(policy.engine);
        const engine = requireCapability(target, 'buildsImages');
        for (const { id, image } of left) await engine.dropBuild({ id, reference: image }, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        logger.warn({ error: errorMessage(error) }, 'what cut-short builds have left cannot be removed yet');
        await clock.sleep(SWEEP_MS, signal);
      }
    }
  }

  #next(): void {
    const open = [...this.#open.values()];
    const waiting = open.filter(({ record }) => record.status === 'pending' && record.endedAt === null);
    const { policy } = this.#parts;
    if (policy === null) return;
    let free = policy.atOnce - this.#running.size;
    // Two that push the same name at once would push each other's image.
    const going = open.filter(({ record }) => record.status !== 'pending' && record.endedAt === null);
    const taken = new Set(going.map(({ record }) => record.image));
    for (const build of waiting) {
      if (free <= 0) return;
      if (taken.has(build.record.image)) continue;
      taken.add(build.record.image);
      free -= 1;
      this.#start(build, policy);
    }
  }

  #start(build: OpenBuild, policy: BuildPolicy): void {
    this.#update(build, {
      status: 'cloning',
      stage: 'Cloning repository',
      startedAt: iso(this.#parts.clock.now()),
    });
    const running = this.#run(build, policy).finally(() => {
      this.#running.delete(running);
      if (!this.#closing.signal.aborted) this.#next();
    });
    this.#running.add(running);
  }

  async #run(build: OpenBuild, policy: BuildPolicy): Promise<void> {
    const { clock } = this.#parts;
    let storedAt = clock.elapsed();
    const end = await runBuild({ ...this.#parts, policy }, build, {
      update: (changes) => this.#update(build, changes),
      log: (message, level = 'info') => {
        build.tail.add({ time: iso(clock.now()), level, stage: build.record.status, message });
        if (clock.elapsed() - storedAt >= STORE_EVERY_MS) {
          storedAt = clock.elapsed();
          this.#storeLines(build);
        }
        build.notify();
      },
    });
    this.#end(build, end);
  }

  #update(build: OpenBuild, changes: Partial<BuildRecord>): void {
    build.record = { ...build.record, ...changes };
    this.#storeLines(build);
    this.#tryStore(() => this.#parts.store.saveBuild(build.record));
    build.notify();
  }

  #storeLines({ record, tail }: OpenBuild): void {
    this.#tryStore(() =>
      tail.store((lines) => this.#parts.store.appendBuildLogs(record.id, lines, MAX_LINES)),
    );
  }

  /** A build whose end the store does not take yet is remembered until it does. */
  #end(build: OpenBuild, changes: Partial<BuildRecord>): void {
    const { clock, store, logger } = this.#parts;
    build.record = { ...build.record, ...changes, endedAt: iso(clock.now()) };
    const { id, owner, repository, image, status } = build.record;
    logger.info({ build: id, owner, repository, image, status }, 'a build has ended');
    const save = (): boolean =>
      this.#tryStore(() => {
        build.tail.store((lines) => store.appendBuildLogs(build.record.id, lines, MAX_LINES));
        store.saveBuild(build.record);
        this.#open.delete(build.record.id);
      });
    if (!save()) void this.#saveLater(save);
    this.#parts.onEnd(build.record);
    build.notify();
  }

  async #saveLater(save: () => boolean): Promise<void> {
    try {
      do await this.#parts.clock.sleep(SAVE_RETRY_MS, this.#closing.signal);
      while (!save());
    } catch {
      // The process ends; the next one finds it open, and ends it.
    }
  }

  #tryStore(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#parts.logger.warn({ error: errorMessage(error) }, 'a build could not be written down');
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const build of this.#open.values()) {
      build.stop.abort(new BuildStop('closing', INTERRUPTED));
      if (build.record.status === 'pending' && build.record.endedAt === null)
        this.#end(build, { status: 'failed', stage: 'Failed', error: INTERRUPTED });
    }
    await Promise.allSettled(this.#running);
  }
}

const INTERRUPTED = 'interrupted: the process that was to do this ended';

const STAGE_OF: Readonly<Partial<Record<BuildRecord['status'], BuildRecord['errorStage']>>> = {
  cloning: 'clone',
  building: 'build',
  pushing: 'push',
};

function ended({ status }: BuildRecord): ReconcilerError {
  return new ReconcilerError('BUILD_ENDED', `build is already in terminal state: ${status}`);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
