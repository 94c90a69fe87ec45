import type { Middleware } from 'koa';
import { isLoopbackHost } from './loopback.ts';
import type { RequestState } from './mount.ts';

export interface CorsOptions {
  /** Methods that pages may use, as they stand in the header. Default `GET, POST, PUT, DELETE, OPTIONS`. */
  readonly methods?: string;
  /** Tells which paths it is for. */
  readonly covers: (path: string) => boolean;
  /**
   * `any`: pages of every origin may call, for servers that want a key. `loopback`: those of this machine only, for servers that want none:
   * otherwise every page that somebody has open could read what runs here. A list: these, and they may send what the browser keeps for them.
   */
  readonly origins: 'any' | 'loopback' | readonly string[];
}

const METHODS = 'GET, POST, PUT, DELETE, OPTIONS';

/** Says which pages of other origins may call, and answers their preflight requests. */
export function allowOrigins({ covers, origins, methods = METHODS }: CorsOptions): Middleware<RequestState> {
  return async (ctx, next) => {
    if (!covers(ctx.path)) return next();
    const origin = allowedOrigin(origins, ctx.get('Origin'));
    if (origins !== 'any') ctx.vary('Origin');
    if (origin !== null)
      ctx.set({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Methods': methods,
        'Access-Control-Allow-Headers': 'Content-Type, Authorization, If-Match, X-API-KEY',
      });
    if (origin !== null && typeof origins !== 'string')
      ctx.set({ 'Access-Control-Allow-Credentials': 'true', 'Access-Control-Max-Age': '43200' });
    if (ctx.method !== 'OPTIONS') return next();
    ctx.status = 204;
  };
}

function allowedOrigin(origins: CorsOptions['origins'], origin: string): string | null {
  if (origins === 'any') return '*';
  if (origins === 'loopback') return loopbackOrigin(origin);
  return origins.includes(origin) ? origin : null;
}

function loopbackOrigin(origin: string): string | null {
  if (!URL.canParse(origin)) return null;
  const { hostname } = new URL(origin);
  return isLoopbackHost(hostname.replaceAll(/^\[|\]$/g, '')) ? origin : null;
}
