import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';
import { HOUSE, HOUSE_OPERATOR } from '../../support/page/house.ts';

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
    await browser[Symbol.asyncDispose]();
    await job[Symbol.asyncDispose]();
  });

  it('is opened by a link that works once', async () => {
    const { page } = browser;
    const { body } = await job.api('POST', '/session/links', { body: {} });

    await page.goto(`${job.url}/`);
    await expect.poll(() => page.title()).toBe('Sign in · Kombinator');
    await page.goto(job.url + body.path);
    await page.reload();
    await page.getByRole('heading', { name: 'Stacks' }).waitFor();

    expect(page.url()).not.toContain('link');
    const again = await job.api('POST', '/session', {
      body: { link: body.path.split('link=')[1] },
      key: null,
    });
    expect(again.status).toBe(401);
  });

  it('shows what is not well first, with the reason', async () => {
    const rows = await browser.page.locator('table.stacks tbody tr').allInnerTexts();

    expect(rows).toHaveLength(6);
    expect(rows.join('\n')).toContain('no answer from the database');
    expect(rows.find((row) => row.includes('website'))).toContain('In sync');
    expect(await findBarriers(browser.page)).toEqual([]);
  });

  it('tells of a push as it happens: the plan, the steps, the tag', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'website', exact: true }).click();
    await page.getByRole('heading', { name: 'website', level: 1 }).waitFor();

    await job.push({ 'kombinations/website/index.html': '<h1>Second</h1>\n' }, 'Say it otherwise');

    await page.getByText('#2', { exact: true }).waitFor();
    expect(await job.tags('website')).toEqual(['deploy/website/1', 'deploy/website/2']);
    await page.getByText('#2', { exact: true }).click();
    await page.getByText('completed', { exact: false }).first().waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('plans a change field by field, applies it by one button, and nothing went wrong meanwhile', async () => {
    const { page, problems } = browser;
    const { body } = await job.api('POST', '/stacks/website/stop', { body: {} });
    await job.job('website', ({ id }) => id === body.id);
    await page.goto(`${job.url}/ui/stacks/website/plan`);

    await page.getByRole('button', { name: /^Apply \d changes? to local$/ }).click();
    await page.waitForURL(/\/ui\/jobs\/job_/);
    await job.reaches('website', 'in_sync');

    expect(problems).toEqual([]);
  });
});
