import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';
import { signIn } from '../../support/page/sign-in.ts';

const FILE = 'kombinations/blog/kombination.yaml';
const BLOG = `version: "1.0"\nmeta: { name: blog }\nservices:\n  web:\n    image: ${IMAGE}\n    command: [sleep, "100000"]\n    init: true\n`;

/** Counts requests of a kind from now on. */
function countRequests(page: Page, method: string, path: RegExp): () => number {
  let number = 0;
  page.on('request', (request) => {
    if (request.method() === method && path.test(new URL(request.url()).pathname)) number += 1;
  });
  return () => number;
}

/** Questions, buttons and work that is not committed: nobody loses what they wrote, and nothing is done twice. */
describe('questions and buttons of the page', () => {
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    job = await createMainJob(workerEngine());
    await job.push({ 'kombinator.yaml': 'policy: {}\n', [FILE]: BLOG }, 'Begin the blog');
    await job.reaches('blog', 'in_sync');
    browser = await startBrowser();
    await signIn(browser, job);
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
  });

  async function open(place: string, heading: string): Promise<void> {
    await browser.page.goto(`${job.url}/ui/${place}`);
    await browser.page.getByRole('heading', { name: heading, level: 1 }).waitFor();
  }

  it('keep what was typed when the answer is a refusal, and do it when it is none any more', async () => {
    const { page } = browser;
    await open('users', 'Users and keys');
    await page.getByRole('button', { name: 'New key …' }).click();
    const dialog = page.getByRole('dialog', { name: 'New key' });
    const name = dialog.getByRole('textbox', { name: 'Whom or what is it for?' });
    await name.fill('the printer');
    const error = { code: 'CONFLICT', message: 'there is such a key', details: ['one of yesterday'] };
    await page.route('**/api/v1/keys', (route) => route.fulfill({ status: 409, json: { error } }));

    await dialog.getByRole('button', { name: 'Make a key for the printer' }).click();
    await dialog.getByText('Not done: there is such a key').waitFor();
    await dialog.getByText('one of yesterday').waitFor();
    expect(await name.inputValue()).toBe('the printer');
    expect(await findBarriers(page)).toEqual([]);

    await page.unroute('**/api/v1/keys');
    await dialog.getByRole('button', { name: 'Make a key for the printer' }).click();
    await page.getByRole('textbox', { name: 'Key for the printer' }).waitFor();
    await page.getByRole('button', { name: 'I have kept it' }).click();
  });

  it('stay open when a selection is drawn out of them, or into them, and close by a click beside them', async () => {
    const { page } = browser;
    await page.getByRole('button', { name: 'New key …' }).click();
    const dialog = page.getByRole('dialog', { name: 'New key' });
    const name = dialog.getByRole('textbox', { name: 'Whom or what is it for?' });
    await name.fill('half of this');
    const box = await name.boundingBox();
    const inside = { x: (box?.x ?? 0) + 60, y: (box?.y ?? 0) + 10 };
    const draw = async (from: typeof inside, to: typeof inside): Promise<void> => {
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y, { steps: 4 });
      await page.mouse.up();
    };

    await draw(inside, { x: 20, y: 20 });
    expect(await dialog.isVisible()).toBe(true);
    await draw({ x: 20, y: 20 }, inside);
    expect(await dialog.isVisible()).toBe(true);
    expect(await name.inputValue()).toBe('half of this');
    await page.mouse.click(20, 20);
    await expect.poll(() => dialog.count()).toBe(0);
  });

  it('give the focus back to what they were opened by', async () => {
    const { page } = browser;
    const opener = page.getByRole('button', { name: 'New user …' });
    const hasFocus = () => opener.evaluate((one) => one.matches(':focus'));

    for (const close of ['Escape', 'Cancel'] as const) {
      await opener.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'New user' }).waitFor();
      if (close === 'Escape') await page.keyboard.press('Escape');
      else await page.getByRole('button', { name: 'Cancel' }).click();
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      expect([close, await hasFocus()]).toEqual([close, true]);
    }
  });

  it('do once what is pressed twice', async () => {
    const { page } = browser;
    await open('repository', 'Repository');
    const reads = countRequests(page, 'POST', /\/sync$/);
    await page.getByRole('button', { name: 'Read it now' }).dblclick();
    await page.keyboard.press('y');
    await page.getByText(/^Read\. Nothing is new/).waitFor();
    expect(reads()).toBe(1);

    await open('stacks/blog', 'blog');
    const stops = countRequests(page, 'POST', /\/stop$/);
    const starts = countRequests(page, 'POST', /\/start$/);
    await page.getByRole('button', { name: 'Stop 1 service' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop 1 service' }).dblclick();
    await job.reaches('blog', 'stopped');
    await page.getByRole('button', { name: 'Start 1 service', exact: true }).dblclick();
    await job.reaches('blog', 'in_sync');

    expect([stops(), starts()]).toEqual([1, 1]);
    expect((await job.jobs('blog')).filter(({ type }) => type === 'start')).toHaveLength(1);
  });

  it('say of a commit that it is not applied while the stack is held', async () => {
    const { page } = browser;
    await job.api('PUT', '/stacks/blog/hold', { body: {} });
    await open('stacks/blog/files', 'blog');
    const text = page.getByRole('textbox', { name: `Text of ${FILE}` });
    await text.fill(`${BLOG}    env: { LEVEL: debug }\n`);
    await page.getByRole('button', { name: 'Commit 1 file', exact: true }).click();

    await page.getByText(/^Committed as [0-9a-f]{8}; nothing is applied for now, since it is held/).waitFor();
    await job.api('DELETE', '/stacks/blog/hold');
    await job.reaches('blog', 'in_sync');
  });

  it('ask before the page is left, and before somebody else comes or somebody signs out, where an edit would be lost', async () => {
    const { page } = browser;
    await open('stacks/blog/files', 'blog');
    const text = page.getByRole('textbox', { name: `Text of ${FILE}` });
    await text.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('# mine');
    const asked = page.waitForEvent('dialog');
    await page.evaluate('setTimeout(() => location.reload(), 0)');
    const question = await asked;
    expect(question.type()).toBe('beforeunload');
    await question.dismiss();

    await page.evaluate(`location.hash = '#link=of-somebody-else'`);
    await page.getByText(/^Still signed in as .*: this is not committed yet/).waitFor();
    expect(page.url()).not.toContain('link');

    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign out, and lose what is not committed?' });
    await dialog.getByText('edits in the files of blog').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();

    await page.getByRole('link', { name: 'Files' }).click();
    await expect.poll(() => text.inputValue()).toContain('# mine');
    await page.getByRole('button', { name: 'Undo my changes here' }).click();
    await page.getByRole('button', { name: 'Sign out' }).dblclick();
    await expect.poll(() => page.title()).toBe('Sign in · Kombinator');
  });

  it('met no error on the way', () => {
    // The browser itself tells of the refusal that was played.
    const isRefusal = (one: string) => one.endsWith('responded with a status of 409 (Conflict)');
    expect(browser.problems.filter((one) => !isRefusal(one))).toEqual([]);
  });
});
