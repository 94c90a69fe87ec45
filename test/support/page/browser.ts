import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { findProgram } from '../../../deploy/demo/processes.ts';
import { createApart } from './apart.ts';

/** A browser of its own, with an empty profile, that asks for nothing but what its pages do. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface BrowserOptions {
  /** Size of the window. Default 1280 × 800. */
  readonly width?: number;
  readonly height?: number;
  /** Default light. */
  readonly colorScheme?: 'light' | 'dark';
}

export interface TestBrowser extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Everything that went wrong on its pages: errors, reports of the content policy, requests that failed. */
  readonly problems: string[];
}

/** Starts Debian's Chromium. */
export async function startBrowser(options: BrowserOptions = {}): Promise<TestBrowser> {
  const { width = 1280, height = 800, colorScheme = 'light' } = options;
  const profile = await mkdtemp(join(tmpdir(), 'kombinator-browser-'));
  await using parts = new AsyncDisposableStack();
  parts.defer(() => removeProfile(profile));
  const apart = parts.use(await createApart(profile, findProgram('chromium') ?? 'chromium'));
  const context = await chromium.launchPersistentContext(join(profile, 'profile'), {
    executablePath: apart.program,
    args: [...FLAGS, ...apart.flags],
    viewport: { width, height },
    colorScheme,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  parts.defer(() => context.close());
  const problems: string[] = [];
  context.on('weberror', (error) => problems.push(`page error: ${error.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // A page that is left ends its own requests.
    if (why !== 'net::ERR_ABORTED')
      problems.push(`request failed: ${request.method()} ${request.url()} ${why}`);
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const all = parts.move();
  return { context, page, problems, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Removes it for good: parts of a browser that has ended may write into it once more. */
async function removeProfile(profile: string): Promise<void> {
  do {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    await setTimeout(100);
  } while (existsSync(profile));
}
