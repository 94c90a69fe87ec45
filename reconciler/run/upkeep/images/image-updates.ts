import { hasErrors } from '../../../base/diagnostic.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../../base/errors.ts';
import { createLine } from '../../../base/mutex.ts';
import { isProblem } from '../../../base/problem.ts';
import { isCalledFor, parseSchedule } from '../../../base/schedule.ts';
import { formatRefFolder } from '../../../model/git/source-root.ts';
import { findRegistry } from '../../../model/registry.ts';
import { quoteCode } from '../../../plan/text/quote.ts';
import type { FileWrite } from '../../../ports/source.ts';
import type { ImageUpdateList, ImageUpdateView } from '../../../public/upkeep/upkeep.ts';
import type { RunContext } from '../../context.ts';
import { AUTHOR } from '../../drift/drift-proposals.ts';
import type { OperationParts } from '../../operations/parts.ts';
import type { CheckParts } from '../../registries/check-registry.ts';
import { spliceYaml } from '../../write/yaml-splice.ts';
import type { AskedRegistries } from './asked-registries.ts';
import { createAskedRegistries } from './asked-registries.ts';
import type { FoundImage, FoundImages, PassedOver, UpdatedService } from './find-updates.ts';
import { compareServices, findImages, updatedServices } from './find-updates.ts';

export interface ImageUpdatesParts extends Pick<OperationParts, 'loop' | 'writer'> {
  readonly context: Pick<RunContext, 'clock' | 'desired' | 'gitHost' | 'hostSettings' | 'logger' | 'source'>;
  readonly registries: Pick<CheckParts, 'client' | 'resolve'>;
}

const MINUTE_MS = 60_000;
/** After the machine has slept, this much is caught up on. */
const MAX_CATCH_UP_MS = 60 * MINUTE_MS;
/** Somebody may push between a look and a commit. */
const TRIES = 4;
/** Longest name of a service, or of an image, in a pull request, in characters. */
const MAX_NAME = 150;

/** Looks for newer images at set times, and writes them into the descriptions: one commit for all that a pass has found. */
export class ImageUpdates {
  readonly #parts: ImageUpdatesParts;
  readonly #registries: AskedRegistries;
  /** Looks and passes come one after the other: registries count all that is asked of them. */
  readonly #line = createLine(1);

  constructor(parts: ImageUpdatesParts) {
    this.#parts = parts;
    const { context, registries } = parts;
    const { clock, desired } = context;
    this.#registries = createAskedRegistries({
      clock,
      client: registries.client,
      loginFor(image) {
        const setting = findRegistry(image, desired.settings().registries);
        return setting === undefined
          ? null
          : { username: setting.username, password: registries.resolve(setting.password) };
      },
    });
  }

  /** Looks soon after the beginning of each minute that is called for. Ends when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, desired, logger } = this.#parts.context;
    let last = clock.now();
    for (;;) {
      await clock.sleep(MINUTE_MS - (clock.now() % MINUTE_MS), signal);
      const now = clock.now();
      const since = Math.max(last, now - MAX_CATCH_UP_MS);
      last = now;
      const { imageUpdates } = desired.settings();
      const schedule = imageUpdates === null ? null : parseSchedule(imageUpdates.schedule);
      if (schedule === null || isProblem(schedule) || !isCalledFor(schedule, since, now)) continue;
      try {
        await this.pass(signal);
      } catch (error) {
        signal.throwIfAborted();
        logger.warn({ error: errorMessage(error) }, 'newer images could not be looked for');
      }
    }
  }

  /** One pass: asks the registries, and commits what is newer. Resolves to the commit, `null` where there is none. */
  pass(signal: AbortSignal): Promise<string | null> {
    return this.#line(async () => {
      const { context, loop } = this.#parts;
      await loop.refreshIfPossible(signal);
      const { found, passedOver } = await findImages(this.#services(), this.#registries, signal);
      this.#tell(passedOver);
      if (found.length === 0) return null;
      const commit = await this.#write(found, signal);
      if (commit !== null)
        context.logger.info(
          { commit, images: found.map(lineOf) },
          'newer images are written into descriptions',
        );
      return commit;
    }, signal);
  }

  /**
   * Asks the registries what a pass would write, and writes nothing.
   *
   * @param stacks names; default: all
   */
  look(stacks: readonly string[] | undefined, signal: AbortSignal): Promise<ImageUpdateList> {
    return this.#line(async () => {
      const services = this.#services(stacks);
      const looked = await findImages(services, this.#registries, signal);
      const { imageUpdates } = this.#parts.context.desired.settings();
      const { found, passedOver } = this.#drafted(looked);
      const views = services.map((service) => this.#viewOf(service, { found, passedOver }));
      return { services: views.toSorted(compareServices), settings: imageUpdates };
    }, signal);
  }

  #services(stacks?: readonly string[]): readonly UpdatedService[] {
    const { desired } = this.#parts.context;
    return (stacks ?? desired.names()).flatMap((stack) =>
      updatedServices(stack, desired.get(stack)?.document),
    );
  }

  /** Finds out which of the newer images can be put into their files. */
  #drafted({ found, passedOver }: FoundImages): FoundImages {
    const { written, passedOver: more } = this.#draft(found);
    return { found: written, passedOver: [...passedOver, ...more] };
  }

  #viewOf(
    { stack, service, image, update }: UpdatedService,
    { found, passedOver }: FoundImages,
  ): ImageUpdateView {
    const isSame = (one: Pick<UpdatedService, 'stack' | 'service'>) =>
      one.stack === stack && one.service === service;
    return {
      stack,
      service,
      file: this.#parts.context.desired.get(stack)?.file ?? '',
      image: image ?? null,
      policy: update.policy,
      next: found.find(isSame)?.next ?? null,
      reason: passedOver.find(isSame)?.reason ?? null,
    };
  }

  #tell(passedOver: readonly PassedOver[]): void {
    const { logger } = this.#parts.context;
    for (const { stack, service, reason } of passedOver)
      logger.warn({ stack, service, reason }, 'no newer image was looked for');
  }

  async #write(found: readonly FoundImage[], signal: AbortSignal): Promise<string | null> {
    const { context, loop, writer } = this.#parts;
    const { desired, source } = context;
    for (let attempt = 1; ; attempt += 1) {
      await loop.refreshForWrite(signal);
      const base = desired.revision?.commit;
      const { writes, written, passedOver } = this.#draft(found);
      this.#tell(passedOver);
      const [first] = writes;
      if (base === undefined || first === undefined) return null;
      const message = messageOf(written);
      const as = desired.settings().imageUpdates?.as ?? 'commit';
      try {
        if (as === 'commit') {
          const by = { actor: AUTHOR, signal, base };
          const commit = writer.commitFiles(writes, { file: first.path, message }, by);
          return (await loop.written(commit)).commit;
        }
        const branch = `updates/${formatRefFolder(source.root)}images`;
        if (source.branch === branch)
          throw new ReconcilerError(
            'BAD_OPTIONS',
            `${branch} is the branch that is read: no images are proposed on it`,
          );
        const proposed = await source.propose({ branch, base, writes, message, author: AUTHOR }, signal);
        if (as === 'pull') await this.#openPull({ branch, commit: proposed.commit, images: written }, signal);
        return proposed.isNew ? proposed.commit : null;
      } catch (error) {
        if (!isReconcilerError(error, 'WRITE_CONFLICT') || attempt === TRIES) throw error;
      }
    }
  }

  /** Opens a pull request of the branch, or brings the open one up to date. A host that does not take it is asked again by the next pass. */
  async #openPull({ branch, commit, images }: ProposedImages, signal: AbortSignal): Promise<void> {
    const { gitHost, hostSettings, logger, source } = this.#parts.context;
    try {
      if (gitHost === null || !hostSettings.writes)
        throw new ReconcilerError(
          'BAD_OPTIONS',
          `the operator has set up no Git host with a token (git.host): there is the branch ${branch} alone`,
        );
      const draft = { branch, base: source.branch, commit, title: titleOf(images), text: textOf(images) };
      const address = await gitHost.upsertPull(draft, signal);
      logger.info(
        { branch, commit, address },
        address === null ? 'newer images were turned down' : 'newer images are proposed',
      );
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ branch, error: errorMessage(error) }, 'no pull request of newer images could be opened');
    }
  }

  /** Files with the newer images in them; a stack whose file would have errors then, or has another image by now, is left out. */
  #draft(found: readonly FoundImage[]): {
    readonly writes: readonly FileWrite[];
    readonly written: readonly FoundImage[];
    readonly passedOver: readonly PassedOver[];
  } {
    const { desired } = this.#parts.context;
    const writes: FileWrite[] = [];
    const written: FoundImage[] = [];
    const passedOver: PassedOver[] = [];
    for (const [stack, images] of Map.groupBy(found, (one) => one.stack)) {
      const there = new Map(
        updatedServices(stack, desired.get(stack)?.document).map(({ service, image }) => [service, image]),
      );
      const open = images.filter(({ service, image }) => there.get(service) === image);
      if (open.length === 0) continue;
      const spliced: FoundImage[] = [];
      const put = (text: string, one: FoundImage): string => {
        const result = spliceYaml(text, one.path, one.next);
        if (result !== null) spliced.push(one);
        return result ?? text;
      };
      try {
        const { path, text, diagnostics } = desired.rewriteStack(stack, (before) => open.reduce(put, before));
        const kept = open.filter((one) => !spliced.includes(one));
        passedOver.push(...kept.map((one) => ({ stack, service: one.service, reason: notInPlace(one) })));
        if (spliced.length === 0) continue;
        if (hasErrors(diagnostics))
          throw new ReconcilerError('INVALID_CONFIGURATION', `${path} would have errors`);
        // Two stacks may be one file, by a symlink: they get the same.
        if (!writes.some((write) => write.path === path)) writes.push({ path, content: text });
        written.push(...spliced);
      } catch (error) {
        if (!isReconcilerError(error)) throw error;
        const failed = spliced.length === 0 ? open : spliced;
        passedOver.push(...failed.map(({ service }) => ({ stack, service, reason: error.message })));
      }
    }
    return { writes, written, passedOver };
  }
}

interface ProposedImages {
  readonly branch: string;
  readonly commit: string;
  readonly images: readonly FoundImage[];
}

function notInPlace({ path }: FoundImage): string {
  return `${path.join('.')} cannot be changed in place: an anchor or an alias is involved`;
}

/** Says nothing of when: the same images have the same message. */
function messageOf(images: readonly FoundImage[]): string {
  return [titleOf(images), '', ...images.map(lineOf)].join('\n');
}

/** Services whose images the text of a pull request lists; hosts take 60,000 characters. */
const MAX_LISTED = 100;

function textOf(images: readonly FoundImage[]): string {
  const more = images.length - MAX_LISTED;
  return [
    'Newer images that fit what these services ask for under `image_update`:',
    '',
    ...images.slice(0, MAX_LISTED).map(({ stack, service, image, next }) => {
      const name = quoteCode(`${stack}/${service}`, MAX_NAME);
      return `- ${name}: ${quoteCode(image, MAX_NAME)} → ${quoteCode(next, MAX_NAME)}`;
    }),
    ...(more > 0 ? [`- and ${more} more`] : []),
    '',
    'The branch is put anew as newer ones come, unless somebody else commits to it. Closing this says no to these; others are proposed when they come.',
  ].join('\n');
}

function titleOf(images: readonly FoundImage[]): string {
  const [first] = images;
  const subject =
    images.length === 1 && first !== undefined
      ? `the image of ${first.stack}/${first.service}`
      : `the images of ${images.length} services`;
  return `Update ${subject}`;
}

function lineOf({ stack, service, image, next }: FoundImage): string {
  return `${stack}/${service} ${image} -> ${next}`;
}
