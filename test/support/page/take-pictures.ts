import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildWhatChanged } from '../../../deploy/build/build-package.ts';
import { startDockerEngine } from '../docker/docker-engine.ts';
import { eventually } from '../eventually.ts';
import { startWorkflowDouble } from '../kubernetes/workflow-cluster.ts';
import type { MainJob } from '../main-job.ts';
import { createMainJob } from '../main-job.ts';
import { startBrowser } from './browser.ts';
import { HOUSE, HOUSE_OPERATOR } from './house.ts';

/*
 * `npm run pictures -- [DIRECTORY]`: every screen of the page, at 1280 and 360 pixels, light and dark, before a daemon that runs the house of the
 * tests. Without a directory, the five pictures of the README.
 */

/** Addresses of screens by the name of their picture; of a job, it is known once there is one. */
const SCREENS: Readonly<Record<string, string | (() => Promise<string>)>> = {
  stacks: '/ui/stacks',
  stack: '/ui/stacks/shop',
  plan: '/ui/stacks/website/plan',
  destroy: '/ui/stacks/website/plan?mode=destroy',
  history: '/ui/stacks/website/history',
  drift: '/ui/stacks/website/drift',
  files: '/ui/stacks/broken/files',
  logs: '/ui/stacks/nightly/logs',
  terminal: '/ui/stacks/website/terminal/web',
  job: () => addressOfJob('website', 'deploy/website/1'),
  failure: () => addressOfJob('shop', null),
  new: '/ui/new',
  workflows: '/ui/workflows',
  workflow: '/ui/workflows/bookshop?view=canvas',
  list: '/ui/workflows/bookshop?view=list&node=web',
  versions: '/ui/workflows/bookshop?view=versions',
  jobs: '/ui/jobs',
  nodes: '/ui/nodes',
  data: '/ui/data',
  tags: '/ui/tags',
  instances: '/ui/instances',
  repository: '/ui/repository',
  users: '/ui/users',
  audit: '/ui/audit',
};
const README: Readonly<Record<string, number>> = {
  stacks: 1280,
  stack: 1280,
  plan: 1280,
  files: 1280,
  history: 1280,
};
const README_DIRECTORY = fileURLToPath(new URL('../../../docs/page', import.meta.url));
const WORKFLOW = fileURLToPath(
  new URL('../../../examples/kombinations/shop-on-cluster/workflows/shop.yaml', import.meta.url),
);
/** Time in which a screen has what it shows. */
const SETTLED_MS = 2_500;

interface Look {
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

const [directory] = process.argv.slice(2);
await buildWhatChanged(fileURLToPath(new URL('../../..', import.meta.url)));
await using engine = await startDockerEngine();
await using cluster = await startWorkflowDouble('default class');
await using job = await createMainJob(
  engine.host,
  {},
  `${HOUSE_OPERATOR}clusters:\n  prod:\n    ${cluster.file}`,
);
await furnish(job);
if (directory === undefined) {
  await mkdir(README_DIRECTORY, { recursive: true });
  await take({ width: 1280, colorScheme: 'light' }, Object.keys(README), (name) =>
    join(README_DIRECTORY, `${name}.png`),
  );
} else {
  await mkdir(directory, { recursive: true });
  await addWorkflow();
  for (const width of [1280, 360])
    for (const colorScheme of ['light', 'dark'] as const)
      await take({ width, colorScheme }, Object.keys(SCREENS), (name) =>
        join(directory, `${name}-${width}-${colorScheme}.png`),
      );
}

/** A house in which something has happened, and is about to. */
async function furnish({ push, reaches, api, job: ended }: MainJob): Promise<void> {
  await push(HOUSE, 'Größere Wohnung: everything that runs at home');
  await reaches('website', 'in_sync');
  await reaches('nightly', 'in_sync');
  await reaches('shop', 'degraded');
  await push(
    { 'kombinations/website/index.html': '<h1>Welcome</h1>\n<p>The second page.</p>\n' },
    'Say it otherwise',
  );
  await ended('website', ({ tag }) => tag === 'deploy/website/2');
  const { body } = await api('PUT', '/stacks/website/hold', {
    body: { reason: 'guests are here until Sunday' },
  });
  if (body.error !== undefined) throw new Error(body.error.message);
  const changed = (HOUSE['kombinations/website/kombination.yaml'] ?? '')
    .replace('GREETING: hello', 'GREETING: good evening')
    .replace('sleep, "100000"', 'sleep, "200000"');
  await push(
    {
      'kombinations/website/kombination.yaml': changed,
      'kombinations/website/index.html': '<h1>Good evening</h1>\n<p>The second page.</p>\n',
    },
    'Greet in the evening',
  );
}

/** Adds a workflow, and gives it the secret that it waits for. */
async function addWorkflow(): Promise<void> {
  const text = (await readFile(WORKFLOW, 'utf8')).replace('name: shop\n', 'name: bookshop\n');
  await job.push({ 'workflows/bookshop.yaml': text }, 'Open the bookshop');
  await eventually(
    () => job.api('GET', '/stacks/bookshop'),
    ({ status }) => status === 200,
  );
  const { status, body } = await job.api('POST', '/workflows/bookshop/runs', {
    body: { secrets: { keys: { SESSION_KEY: 'of the pictures' } } },
  });
  if (status >= 400) throw new Error(body.error.message);
  await job.reaches('bookshop', 'in_sync');
}

/** Address of the job that left a tag; `null`: of one that failed. */
async function addressOfJob(stack: string, tag: string | null): Promise<string> {
  const { id } = await job.job(stack, (one) => (tag === null ? one.status === 'failed' : one.tag === tag));
  return `/ui/jobs/${id}`;
}

async function take(look: Look, names: readonly string[], fileOf: (name: string) => string): Promise<void> {
  const { width, colorScheme } = look;
  await using browser = await startBrowser({ width, height: width < 500 ? 740 : 800, colorScheme });
  const { page, problems } = browser;
  const { body } = await job.api('POST', '/session/links', { body: {} });
  await page.goto(job.url + body.path);
  await page.locator('.shell').waitFor();
  for (const name of names) {
    const address = SCREENS[name];
    await page.goto(`${job.url}${typeof address === 'function' ? await address() : address}`);
    await page.waitForTimeout(SETTLED_MS);
    await page.screenshot({ path: fileOf(name) });
    const overflows = await page.evaluate('document.documentElement.scrollWidth > innerWidth + 1');
    process.stdout.write(`${fileOf(name)}${overflows === true ? ' is wider than the window' : ''}\n`);
  }
  for (const problem of problems) process.stdout.write(`${problem}\n`);
}
