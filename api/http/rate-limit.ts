import type { Middleware } from 'koa';
import { LRUCache } from 'lru-cache';
import { networkOf } from './client-address.ts';
import type { RequestState } from './mount.ts';
import { HttpProblem } from './problem.ts';

export interface RateLimitOptions {
  /** Tells which paths it is for. */
  readonly covers: (path: string) => boolean;
  /** Requests a second of one address, in the long run. */
  readonly perSecond: number;
  /** Requests of one address at once. */
  readonly burst: number;
}

/** Addresses that are remembered; the one that was quiet longest is forgotten first. */
const MAX_ADDRESSES = 10_000;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Refuses the requests of an address that asks too often, with the time to wait. */
export function limitRate({ covers, perSecond, burst }: RateLimitOptions): Middleware<RequestState> {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_ADDRESSES });
  return async (ctx, next) => {
    if (!covers(ctx.path)) return next();
    // One subscriber has as many addresses of version 6 as it likes.
    const address = networkOf(ctx.state.address ?? '');
    const now = performance.now();
    const bucket = buckets.get(address) ?? { tokens: burst, filledAt: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1_000) * perSecond);
    bucket.filledAt = now;
    buckets.set(address, bucket);
    if (bucket.tokens < 1) {
      throw new HttpProblem('TOO_MANY_REQUESTS', 'rate limit exceeded, please try again later', {
        headers: { 'Retry-After': '1' },
      });
    }
    bucket.tokens -= 1;
    return next();
  };
}
