import type { Context, Middleware } from 'koa';
import type { PageFiles } from './page-files.ts';

const PREFIX = '/ui';

/** Rules of the page for browsers: nothing from elsewhere, no script in its text, in nobody's frame. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_POLICY,
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/**
 * Serves the page at `/ui/`, and sends browsers there from `/`. Its files have names that change with their content; the first one is never kept by
 * browsers. An address that is no file is the page's own.
 *
 * @param base address below the server's that requests have come by
 */
export function servePage(files: PageFiles, base = ''): Middleware {
  return async (ctx, next) => {
    const { method, path } = ctx;
    if (method !== 'GET' && method !== 'HEAD') return next();
    if ((path === '/' && wantsPage(ctx)) || path === PREFIX) return ctx.redirect(`${base}${PREFIX}/`);
    if (!path.startsWith(`${PREFIX}/`)) return next();
    const name = path.slice(PREFIX.length + 1);
    if (files.has(name)) return send(ctx, files, name);
    // A file that a newer build took away is not the page.
    if (name.startsWith('assets/')) return next();
    return send(ctx, files, 'index.html');
  };
}

function wantsPage(ctx: Context): boolean {
  return /\btext\/html\b/.test(ctx.get('Accept'));
}

async function send(ctx: Context, files: PageFiles, name: string): Promise<void> {
  const isPressed = files.isPressed(name) && /\bbr\b/.test(ctx.get('Accept-Encoding'));
  ctx.set(HEADERS);
  ctx.set('Cache-Control', cacheRule(name));
  ctx.vary('Accept-Encoding');
  if (isPressed) ctx.set('Content-Encoding', 'br');
  ctx.type = /\.\w+$/.exec(name)?.[0] ?? '.html';
  ctx.body = await files.read(name, isPressed);
}

function cacheRule(name: string): string {
  if (name === 'index.html') return 'no-store';
  return name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'public, max-age=3600';
}
