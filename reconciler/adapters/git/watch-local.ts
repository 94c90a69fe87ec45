import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';
import { errorMessage } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Layout } from './repository/layout.ts';
import { readLayout } from './repository/layout.ts';
import { readHead } from './repository/refs.ts';

export interface LocalWatch {
  readonly path: string;
  readonly branch: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A text that changes whenever the branch moves. */
  readonly readState: () => Promise<string>;
}

/**
 * File events are hints that come at once; this look at a handful of files is what makes sure: no event is needed for a
 * repository that was moved away and came back, or on a file system that reports none.
 */
const LOOK_EVERY_MS = 1_000;
/** Pause between looks where nothing has moved for a while: waking up is what a daemon at rest costs. */
const CALM_LOOK_EVERY_MS = 5_000;
/** Time without a move after which it is calm. */
const CALM_AFTER_MS = 60_000;
/** Time after which a look takes the files that events tell of, too, and that no push changes. */
const FAR_LOOK_EVERY_MS = 5_000;
/** Time after which the files are read whatever their times say. */
const WHOLE_LOOK_EVERY_MS = 30_000;
/** Entries of a repository that say nothing about its refs. */
const IGNORED = /^(objects|hooks|logs|info|lfs|modules)$|\.lock$|^tmp_/;

/**
 * Calls back once when watching has begun, and then whenever the branch points somewhere else. Resolves when the signal aborts.
 */
export async function watchLocal(
  options: LocalWatch,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  let state = await options.readState();
  let watched: (Omit<WatchTarget, 'directories'> & { readonly watcher: FSWatcher }) | undefined;
  let looking: Promise<void> | undefined;
  let again = false;

  const check = async (): Promise<void> => {
    const now = await options.readState();
    if (signal.aborted || now === state) return;
    state = now;
    onChange();
  };
  const trigger = (): void => {
    again = true;
    looking ??= (async () => {
      while (again && !signal.aborted) {
        again = false;
        await check();
      }
    })().finally(() => (looking = undefined));
  };
  /** Follows the directories that matter now; they change with the repository and the branch. */
  const follow = async (): Promise<void> => {
    const target = await watchTarget(options.path, options.branch);
    if (target?.key === watched?.key) return;
    await watched?.watcher.close();
    watched = undefined;
    if (target === null || signal.aborted) return;
    const watcher = await openWatcher(target.directories, trigger, options);
    watched = { ...target, watcher };
  };
  try {
    await follow();
    if (!signal.aborted) onChange();
    const looks = createLooks(options.clock);
    while (!signal.aborted) {
      const current = watched;
      // Taken before the files are read: what changes in between is seen by the next look.
      if (await looks.take(current)) {
        trigger();
        await looking;
        await follow();
        looks.keep(watched === current);
      }
      await options.clock.sleep(looks.pauseMs(), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  } finally {
    await watched?.watcher.close();
    await looking;
  }
}

interface Looks {
  /** Looks at the files; true: they are to be read. */
  take(target: Pick<WatchTarget, 'near' | 'far'> | undefined): Promise<boolean>;
  /** @param isSame the next look is at the same files; what others looked like tells nothing */
  keep(isSame: boolean): void;
  pauseMs(): number;
}

function createLooks(clock: Clock): Looks {
  const isFarDue = onceIn(FAR_LOOK_EVERY_MS, clock);
  const isWholeDue = onceIn(WHOLE_LOOK_EVERY_MS, clock);
  let seen: string | null = null;
  let far = '';
  let movedAt = clock.elapsed();
  return {
    async take(target) {
      if (target !== undefined && isFarDue()) far = await glance(target.far);
      const now = target === undefined ? null : `${await glance(target.near)} ${far}`;
      const hasMoved = now === null || now !== seen;
      if (hasMoved) movedAt = clock.elapsed();
      seen = now;
      return isWholeDue() || hasMoved;
    },
    keep(isSame) {
      if (!isSame) seen = null;
    },
    pauseMs: () => (clock.elapsed() - movedAt < CALM_AFTER_MS ? LOOK_EVERY_MS : CALM_LOOK_EVERY_MS),
  };
}

/** Makes a question that is answered with yes at first, and then once in so many milliseconds. */
function onceIn(ms: number, clock: Clock): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.elapsed();
    if (now - last < ms) return false;
    last = now;
    return true;
  };
}

/**
 * Tells files apart from those of an earlier look without reading them. Git puts another file in the place of one that it changes; of a directory
 * only that it is the same one counts.
 */
async function glance(files: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    files.map(async (file) => {
      const found = await stat(file, { bigint: true }).catch(() => null);
      if (found === null) return '-';
      return found.isDirectory() ? String(found.ino) : `${found.ino} ${found.mtimeNs} ${found.size}`;
    }),
  );
  return marks.join();
}

interface WatchTarget {
  readonly key: string;
  /** Directories, not files: Git replaces files by renaming, which ends a watch on the file itself. */
  readonly directories: readonly string[];
  /** Files that say which commit the branch is at. */
  readonly near: readonly string[];
  /** Files that say what kind of repository this is. */
  readonly far: readonly string[];
}

async function watchTarget(path: string, wanted: string | undefined): Promise<WatchTarget | null> {
  let layout: Layout;
  try {
    layout = await readLayout(path);
  } catch {
    return null;
  }
  const branch = wanted ?? (await readHead(layout.gitdir)).branch ?? 'main';
  // A branch `team/prod` lies in a directory that may not exist yet; its nearest parents are watched as well.
  const directories = new Set([layout.gitdir, layout.commonDir]);
  const heads = join(layout.commonDir, 'refs', 'heads');
  for (let directory = dirname(join(heads, branch)); directory.startsWith(heads);) {
    directories.add(directory);
    directory = dirname(directory);
  }
  const sorted = [...directories].sort();
  const { gitdir, commonDir } = layout;
  return {
    key: `${layout.identity} ${sorted.join(' ')}`,
    directories: sorted,
    near: [path, join(commonDir, 'packed-refs'), join(heads, branch)],
    far: [
      join(path, '.git'),
      join(gitdir, 'HEAD'),
      join(gitdir, 'commondir'),
      ...['config', 'objects', 'refs/heads/main'].map((name) => join(commonDir, name)),
    ],
  };
}

async function openWatcher(
  directories: readonly string[],
  onEvent: () => void,
  { logger, path }: LocalWatch,
): Promise<FSWatcher> {
  const roots = new Set(directories);
  const watcher = watch([...directories], {
    depth: 0,
    ignoreInitial: true,
    atomic: false,
    followSymlinks: true,
    ignored: (file) => !roots.has(file) && IGNORED.test(basename(file)),
  });
  const ready = Promise.withResolvers<void>();
  watcher.on('ready', () => ready.resolve());
  watcher.on('all', onEvent);
  // Chokidar reads a directory at most once a second; the second of two quick pushes is only told in the raw.
  watcher.on('raw', () => onEvent());
  watcher.on('error', (error) => {
    logger.warn(
      { repository: path, error: errorMessage(error) },
      'file events are not available, looking instead',
    );
    ready.resolve();
  });
  await ready.promise;
  return watcher;
}
