import type { ApiDeps } from './deps.ts';

export interface HealthReport {
  readonly status: 'healthy' | 'degraded';
  readonly version: string;
  /** Time that the daemon has been running, in milliseconds. */
  readonly uptimeMs: number;
  /** `ok`, or what is wrong. */
  readonly checks: Readonly<Record<string, string>>;
  /** Commit in force; `null` before the first successful read. */
  readonly revision: string | null;
}

/** Open to everybody, so it tells codes and no messages of the repository. */
export function readHealth({ reconciler, version, startedAt, checks }: ApiDeps): HealthReport {
  const { revision, error } = reconciler.repository();
  const repository = error === null ? (revision === null ? 'not read yet' : 'ok') : error.code;
  const store = reconciler.storeError() === null ? 'ok' : 'unavailable';
  const tags = reconciler.tagError() === null ? 'ok' : 'waiting';
  const all = { repository, store, tags, ...checks() };
  return {
    status: Object.values(all).every((check) => check === 'ok') ? 'healthy' : 'degraded',
    version,
    uptimeMs: performance.now() - startedAt,
    checks: all,
    revision: revision?.commit ?? null,
  };
}

/**
 * Parts without which requests cannot be served. A repository that fails after it was read once leaves its last revision in
 * force, and without the store only history is missing.
 */
export function findNotReady({
  checks,
  revision,
}: HealthReport): readonly (readonly [part: string, reason: string])[] {
  return Object.entries(checks).filter(
    ([part, check]) =>
      check !== 'ok' &&
      part !== 'store' &&
      part !== 'tags' &&
      // One repository of several keeps nobody from the others.
      part !== 'sources' &&
      !(part === 'repository' && revision !== null),
  );
}
