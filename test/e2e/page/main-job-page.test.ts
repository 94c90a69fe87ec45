import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';
import { HOUSE, HOUSE_OPERATOR } from '../../support/page/house.ts';

const FILE = 'kombinations/website/kombination.yaml';
const NAMES = [
  'a-name-of-sixty-characters-that-somebody-really-gave-a-stack',
  'broken',
  'garage',
  'nightly',
  'shop',
  'website',
];

/** The page in a real browser, before a daemon that runs real containers. */
describe('the page and the main job', () => {
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    job = await createMainJob(workerEngine(), {}, HOUSE_OPERATOR);
    await job.push(HOUSE, 'Größere Wohnung: everything that runs at home');
    await job.reaches('website', 'in_sync');
    await job.reaches('shop', 'degraded');
    browser = await startBrowser();
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
  });

  it('is opened by a link that works once', async () => {
    const { page } = browser;
    const { body } = await job.api('POST', '/session/links', { body: {} });

    await page.goto(`${job.url}/`);
    await expect.poll(() => page.title()).toBe('Sign in · Kombinator');
    await page.goto(job.url + body.path);
    await page.getByRole('heading', { name: 'Stacks' }).waitFor();

    expect(page.url()).not.toContain('link');
    const again = await job.api('POST', '/session', {
      body: { link: body.path.split('link=')[1] },
      key: null,
    });
    expect(again.status).toBe(401);
  });

  it('shows what is not well first, with the reason', async () => {
    const table = browser.page.locator('table.stacks tbody tr');
    await expect.poll(() => table.count()).toBe(6);
    const rows = await table.allInnerTexts();
    const place = (name: string): number => rows.findIndex((row) => row.startsWith(`\t${name}`));

    expect([place('website') > place('shop'), place('website') > place('broken')]).toEqual([true, true]);
    expect(new Set(rows.map((row) => row.split('\t')[1]?.trim()))).toEqual(new Set(NAMES));
    expect(rows.join('\n')).toContain('no answer from the database');
    expect(rows.find((row) => row.includes('website'))).toContain('In sync');
    // Nobody has seen that it is missing: its machine is away.
    const garage = table.filter({ hasText: 'garage' });
    await expect.poll(() => garage.innerText()).toContain('1 service not seen: shed does not answer');
    expect(await findBarriers(browser.page)).toEqual([]);
  });

  it('finds while somebody types, who goes on typing after a pause', async () => {
    const { page } = browser;
    const rows = page.locator('table.stacks tbody tr');
    await page.keyboard.press('/');
    await page.keyboard.type('web');
    await page.waitForURL(/q=web$/);
    await page.keyboard.type('site');
    await page.waitForURL(/q=website$/);

    await expect.poll(() => rows.count()).toBe(1);
    expect(await page.getByLabel('Search stacks').inputValue()).toBe('website');
    await page.goto(`${job.url}/ui/stacks`);
    await expect.poll(() => rows.count()).toBe(6);
  });

  it('tells of a push as it happens: the plan, the steps, the tag', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'website', exact: true }).click();
    await page.getByRole('heading', { name: 'website', level: 1 }).waitFor();

    await job.push({ 'kombinations/website/index.html': '<h1>Second</h1>\n' }, 'Say it otherwise');

    await page.getByText('#2', { exact: true }).waitFor();
    expect(await job.tags('website')).toEqual(['deploy/website/1', 'deploy/website/2']);
    await page.getByText('#2', { exact: true }).click();
    await page.waitForURL(/\/ui\/jobs\/job_/);
    await page.getByRole('heading', { name: 'Deployment of website' }).waitFor();
    await page.getByText(/^Deployed website/).waitFor();
    const steps = await page.getByRole('list').filter({ hasText: 'web' }).first().innerText();
    expect(steps).toMatch(/web/);
    expect(await page.getByText('deploy/website/2').count()).toBeGreaterThan(0);
    expect(await findBarriers(page)).toEqual([]);
  });

  it('plans a change field by field, applies it by one button, and nothing went wrong meanwhile', async () => {
    const { page, problems } = browser;
    await job.api('PUT', '/stacks/website/hold', { body: { reason: 'to look at a plan' } });
    const commit = await job.push(
      { [FILE]: HOUSE[FILE]!.replace('GREETING: hello', 'GREETING: hi') },
      'Greet',
    );
    await page.goto(`${job.url}/ui/stacks/website/plan`);
    const field = page.getByRole('row', { name: /env\.GREETING/ });
    await expect.poll(() => field.innerText()).toMatch(/hello\s+hi/);
    await job.api('DELETE', '/stacks/website/hold');
    await job.job('website', ({ revision, tag }) => revision === commit && tag !== null);

    const { body } = await job.api('POST', '/stacks/website/stop', { body: {} });
    await job.job('website', ({ id }) => id === body.id);
    await page.goto(`${job.url}/ui/stacks/website/plan`);

    await page.getByRole('button', { name: /^Apply \d changes? to local$/ }).click();
    await page.waitForURL(/\/ui\/jobs\/job_/);
    await job.reaches('website', 'in_sync');

    expect(problems).toEqual([]);
  });
});
