import type { Middleware } from 'koa';
import { isLoopbackHost } from './loopback.ts';
import type { RequestState } from './mount.ts';

export interface CorsOptions {
  /** Tells which paths it is for. */
  readonly covers: (path: string) => boolean;
  /**
   * `any`: pages of every origin may call, for servers that want a key. `loopback`: those of this machine only, for servers that want none:
   * otherwise every page that somebody has open could read what runs here.
   */
  readonly origins: 'any' | 'loopback';
}

const HEADERS = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Content-Type, Authorization, X-API-KEY',
};

/** Says which pages of other origins may call, and answers their preflight requests. */
export function allowOrigins({ covers, origins }: CorsOptions): Middleware<RequestState> {
  return async (ctx, next) => {
    if (!covers(ctx.path)) return next();
    const origin = origins === 'any' ? '*' : loopbackOrigin(ctx.get('Origin'));
    if (origins === 'loopback') ctx.vary('Origin');
    if (origin !== null) ctx.set({ 'Access-Control-Allow-Origin': origin, ...HEADERS });
    if (ctx.method !== 'OPTIONS') return next();
    ctx.status = 204;
  };
}

function loopbackOrigin(origin: string): string | null {
  if (!URL.canParse(origin)) return null;
  const { hostname } = new URL(origin);
  return isLoopbackHost(hostname.replaceAll(/^\[|\]$/g, '')) ? origin : null;
}
