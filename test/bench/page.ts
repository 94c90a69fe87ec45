import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { CDPSession, Page } from 'playwright-core';
import { createApp } from '../../api/index.ts';
import { openPageFiles } from '../../api/pages/page-files.ts';
import { buildWhatChanged } from '../../deploy/build/build-package.ts';
import type { Reconciler, ReconcilerEvent } from '../../reconciler/index.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import { startBrowser } from '../support/page/browser.ts';
import { createRig } from '../support/reconciler-rig.ts';
import type { Report } from './report.ts';
import { median } from './report.ts';

const STACKS = 5_000;
/** Processor of the browser: so many times slower than this machine's. */
const THROTTLE = 4;
const ROUNDS = 5;
const EVENTS_A_SECOND = 200;
const EVENT_SECONDS = 20;
/** Minutes for which the memory is watched; the promise is for thirty. */
const MINUTES = Number(process.env['PAGE_MINUTES'] ?? '3');
const MIB = 2 ** 20;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The page with 5,000 stacks, in a browser with a slow processor. */
export async function benchPage(report: Report): Promise<void> {
  await buildWhatChanged(root);
  report.progress(`describing ${STACKS} stacks`);
  await using rig = createRig();
  rig.source.push(describeStacks());
  await rig.reconciler.refresh(new AbortController().signal);
  const { reconciler, emit } = withEvents(rig.reconciler);
  await using server = await serve(reconciler);
  await using browser = await startBrowser();
  const { page, problems } = browser;
  const devtools = await browser.context.newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });

  await benchFirstList({ page, devtools }, server.url, report);
  await benchScrolling(page, report);
  await benchEvents({ page, emit, devtools }, report);
  if (problems.length > 0) report.fail(`the page had problems: ${problems.join('; ')}`);
}

function describeStacks(): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (let number = 0; number < STACKS; number += 1) {
    const name = `stack-${String(number).padStart(4, '0')}`;
    files[`kombinations/${name}/kombination.yaml`] =
      `version: "1.0"\nmeta: { name: ${name} }\nservices:\n  web: { image: "nginx:1.29" }\n  db: { image: "postgres:17" }\n`;
  }
  return files;
}

/** The reconciler, and a way to say that something happened to a stack. */
function withEvents(reconciler: Reconciler) {
  const listeners = new Set<(event: ReconcilerEvent) => void>();
  const subscribe: Reconciler['subscribe'] = (listener) => {
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  };
  return {
    reconciler: { ...reconciler, subscribe },
    emit: (event: ReconcilerEvent) => {
      for (const listener of listeners) listener(event);
    },
  };
}

async function serve(reconciler: Reconciler) {
  const page = openPageFiles(`${root}dist/web`);
  if (page === null) throw new Error('the page is not built');
  const stopping = new AbortController();
  const handle = createApp({
    reconciler,
    auth: { mode: 'off', listenHost: '127.0.0.1' },
    logger: createQuietLogger(),
    version: '1.0.0',
    startedAt: performance.now(),
    stopping: stopping.signal,
    page,
  }).callback();
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Times the way from asking for the page, with nothing of it in the browser's cache, to the first list on the screen. */
async function benchFirstList(
  { page, devtools }: Pick<Events, 'page' | 'devtools'>,
  url: string,
  report: Report,
): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await devtools.send('Network.clearBrowserCache');
    const start = performance.now();
    await page.goto(`${url}/ui/`);
    await page.locator('table.stacks tbody tr').nth(49).waitFor();
    times.push(performance.now() - start);
  }
  report.check(`first list of ${STACKS} stacks, processor ${THROTTLE} × slower`, median(times), {
    wanted: 1_000,
    unit: 'ms',
  });
}

async function benchScrolling(page: Page, report: Report): Promise<void> {
  await watchLongTasks(page);
  await page.mouse.move(640, 400);
  let furthest = 0;
  for (let step = 0; step < 40; step += 1) {
    await page.mouse.wheel(0, step < 20 ? 300 : -300);
    await page.waitForTimeout(30);
    furthest = Math.max(furthest, await page.evaluate<number>('scrollY'));
  }
  if (furthest < 500) throw new Error(`the list was scrolled by ${furthest} pixels only`);
  report.check('longest task while scrolling', await longestTask(page), { wanted: 100, unit: 'ms' });
}

interface Events {
  readonly page: Page;
  readonly emit: (event: ReconcilerEvent) => void;
  readonly devtools: CDPSession;
}

/** 200 changes of stacks a second: how long a key waits for the page, and what stays in memory. */
async function benchEvents({ page, emit, devtools }: Events, report: Report): Promise<void> {
  let number = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < EVENTS_A_SECOND / 20; count += 1) {
      const stack = `stack-${String((number++ * 7) % STACKS).padStart(4, '0')}`;
      emit({ type: 'stack', stack, state: 'unknown' });
    }
  }, 50);
  try {
    await watchLongTasks(page);
    const waits: number[] = [];
    for (let second = 0; second < EVENT_SECONDS; second += 1) {
      waits.push(await waitOfKey(page));
      await page.waitForTimeout(1_000);
    }
    const sorted = waits.toSorted((a, b) => a - b);
    const slow = sorted.at(Math.ceil(sorted.length * 0.95) - 1) ?? Number.POSITIVE_INFINITY;
    report.check(`a key's wait at ${EVENTS_A_SECOND} events a second, 19 of 20`, slow, {
      wanted: 100,
      unit: 'ms',
    });
    report.note(`median ${median(waits).toFixed(0)} ms`);
    report.note(`longest task meanwhile: ${(await longestTask(page)).toFixed(0)} ms`);
    await benchMemory(devtools, page, report);
  } finally {
    clearInterval(timer);
  }
}

/** Times the way from a key, pressed as a person does, to the frame after the page has dealt with it. Scripts of the page are text here: they know another world than this file. */
async function waitOfKey(page: Page): Promise<number> {
  await page.evaluate(`
    window.waited = new Promise((resolve) =>
      document.addEventListener(
        'keydown',
        ({ timeStamp }) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp))),
        { once: true },
      ),
    );
    0;
  `);
  await page.keyboard.press('j');
  return page.evaluate<number>('window.waited');
}

async function benchMemory(devtools: CDPSession, page: Page, report: Report): Promise<void> {
  const heap = async (): Promise<number> => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize / MIB;
  };
  const before = await heap();
  for (let minute = 0; minute < MINUTES; minute += 1) {
    report.progress(`minute ${minute} of ${MINUTES}: ${(await heap()).toFixed(1)} MiB`);
    await page.waitForTimeout(60_000);
  }
  const after = await heap();
  report.note(
    `memory of the page: ${before.toFixed(1)} MiB, after ${MINUTES} minutes ${after.toFixed(1)} MiB`,
  );
  report.check('memory after ÷ before', after / before, { wanted: 1.15, unit: '' });
}

/** Begins to note how long the page is busy at a stretch. */
async function watchLongTasks(page: Page): Promise<void> {
  await page.evaluate(`
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ entryTypes: ['longtask'] });
  `);
}

function longestTask(page: Page): Promise<number> {
  return page.evaluate('window.longest');
}
