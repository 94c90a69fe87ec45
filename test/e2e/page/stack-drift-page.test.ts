import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE, runOnEngine } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';
import { isTooWide, signIn } from '../../support/page/sign-in.ts';

const FILE = 'kombinations/blog/kombination.yaml';
const BLOG = `version: "1.0"\nmeta: { name: blog }\nservices:\n  web:\n    image: ${IMAGE}\n    command: [sleep, "100000"]\n    init: true\n`;

describe('drift of a stack on the page', () => {
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    job = await createMainJob(workerEngine());
    await job.push({ 'kombinator.yaml': 'policy: { drift: alert }\n', [FILE]: BLOG }, 'Begin the blog');
    await job.reaches('blog', 'in_sync');
    browser = await startBrowser({ width: 360, height: 740, colorScheme: 'dark' });
    await signIn(browser, job);
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
  });

  it('says so where nothing differs, and tells what somebody changes by hand as it happens', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks/blog/drift`);
    await page.getByText('What runs is what deployment #1 made.').waitFor();

    await runOnEngine(workerEngine(), 'docker', ['update', '--restart', 'always', 'blog-web-1']);
    await page.keyboard.press('r');
    const row = page.getByRole('row', { name: /restart\.policy/ });
    await row.waitFor();

    await expect
      .poll(async () => (await row.getByRole('cell').allInnerTexts()).map((text) => text.trim()))
      .toEqual([
        'restart.policy',
        'unless-stopped',
        'unless-stopped',
        'always',
        expect.stringContaining('differ'),
      ]);
    expect(await isTooWide(browser)).toBe(false);
    expect(await findBarriers(page)).toEqual([]);
  });

  it('shows the commit by which a field may differ, and makes it', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'Let it differ … (restart.policy)' }).click();
    const difference = page.getByRole('figure', { name: `Lines of ${FILE} that differ` });
    await difference.waitFor();
    expect(await difference.innerText()).toContain('ignoreDrift');
    expect(await findBarriers(page)).toEqual([]);

    await page.getByRole('button', { name: 'Commit, and let it differ' }).click();
    await page.getByText('What runs is what deployment').waitFor();
  });

  it('puts back what Git describes, after it was asked for', async () => {
    const { page, problems } = browser;
    await job.push({ [FILE]: BLOG }, 'Nothing may differ');
    await job.reaches('blog', 'drifted');
    await page.getByRole('button', { name: 'Put back 1 resource on local' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Put back 1 resource on local' }).click();
    await page.waitForURL(/\/ui\/jobs\/job_/);
    await job.reaches('blog', 'in_sync');

    expect(problems).toEqual([]);
  });

  it('keeps what runs by a commit', async () => {
    const { page, problems } = browser;
    await runOnEngine(workerEngine(), 'docker', ['update', '--restart', 'always', 'blog-web-1']);
    await job.reaches('blog', 'drifted');
    await page.goto(`${job.url}/ui/stacks/blog/drift`);
    await page.getByRole('button', { name: 'Commit 1 resource as it runs …' }).click();
    await page.getByRole('button', { name: 'Commit what runs' }).click();
    await page.getByText(/^Committed as [0-9a-f]{8}/).waitFor();
    await job.reaches('blog', 'in_sync');

    expect((await job.api('GET', '/stacks/blog/files')).body.files[0].text).toContain('restart: always');
    expect(problems).toEqual([]);
  });
});
