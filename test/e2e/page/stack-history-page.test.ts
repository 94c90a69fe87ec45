import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';
import { isTooWide, signIn } from '../../support/page/sign-in.ts';

const FILE = 'kombinations/blog/kombination.yaml';

function blog(level: string): string {
  return `version: "1.0"\nmeta: { name: blog }\nservices:\n  web:\n    image: ${IMAGE}\n    command: [sleep, "100000"]\n    init: true\n    env: { LEVEL: ${level} }\n`;
}

describe('history and files of a stack on the page', () => {
  let job: MainJob;
  let browser: TestBrowser;
  let phone: TestBrowser;

  const deployed = (commit: string) =>
    job.job('blog', ({ revision, tag }) => revision === commit && tag !== null);

  beforeAll(async () => {
    job = await createMainJob(workerEngine());
    await job.push(
      { 'kombinator.yaml': 'policy: {}\n', [FILE]: blog('info') },
      'Überschrift: begin the blog',
    );
    await job.reaches('blog', 'in_sync');
    await deployed(await job.push({ [FILE]: blog('debug') }, 'Say more in the log'));
    browser = await startBrowser();
    phone = await startBrowser({ width: 360, height: 740, colorScheme: 'dark' });
    await signIn(browser, job);
    await signIn(phone, job);
  });
  afterAll(async () => {
    const parts = [browser, phone, job];
    await Promise.all(parts.map((part) => part?.[Symbol.asyncDispose]()));
  });

  it('shows how two deployments differ, by the keyboard alone', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks/blog`);
    await page.getByRole('heading', { name: 'blog', level: 1 }).waitFor();
    await page.keyboard.press('h');
    await page.getByText('Überschrift: begin the blog').waitFor();

    await page.getByRole('checkbox', { name: 'Compare #1' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('checkbox', { name: 'Compare #2' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Compare #1 with #2' }).focus();
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'From #1 to #2' }).waitFor();
    const difference = page.getByRole('figure', { name: `Lines of ${FILE} that differ` });
    expect(await difference.innerText()).toContain('+    env: { LEVEL: debug }');
    expect(await page.getByText('1 commit came in').isVisible()).toBe(true);
    expect(await findBarriers(page)).toEqual([]);
  });

  it('tries an edit while it is written, says at which line it is wrong, and commits it', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks/blog/files`);
    const text = page.getByRole('textbox', { name: `Text of ${FILE}` });
    await text.fill(blog('warn').replace('image:', 'imagee:'));
    await page.getByRole('button', { name: 'Line 5' }).waitFor();
    const commit = page.getByRole('button', { name: 'Commit 1 file' });
    expect(await commit.isDisabled()).toBe(true);

    await text.fill(blog('warn'));
    await page.getByText('Checked: it can be committed.').waitFor();
    expect(await page.getByText('1 is replaced').isVisible()).toBe(true);
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Message of the commit' }).fill('Say less in the log');
    await commit.click();

    await page.getByText(/^Committed as [0-9a-f]{8}/).waitFor();
    await expect.poll(() => job.tags('blog'), { timeout: 20_000 }).toContain('deploy/blog/3');
  });

  it('explains that somebody was faster, and lets nobody lose a text', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks/blog/files`);
    const text = page.getByRole('textbox', { name: `Text of ${FILE}` });
    await text.fill(blog('error'));
    await page.getByText('Checked: it can be committed.').waitFor();

    await deployed(await job.push({ [FILE]: blog('trace') }, 'Say everything'));
    await text.fill(blog('fatal'));
    await page.getByText('Somebody else has committed').waitFor();
    await page.getByRole('button', { name: 'Go on with my text' }).click();

    const difference = page.getByRole('figure', { name: `Lines of ${FILE} that differ` });
    await expect.poll(() => difference.innerText()).toMatch(/LEVEL: trace[^]*LEVEL: fatal/);
    await page.getByRole('button', { name: 'Undo my changes here' }).click();
    expect(await text.inputValue()).toBe(blog('trace'));
  });

  it('shows on a phone what going back would do, and goes back by a commit', async () => {
    const { page } = phone;
    await page.goto(`${job.url}/ui/stacks/blog/history`);
    await page.getByRole('link', { name: 'Roll back to #1 …' }).click();
    await page.getByText('1 is replaced').waitFor();
    expect(await isTooWide(phone)).toBe(false);
    expect(await findBarriers(page)).toEqual([]);

    await page.getByRole('button', { name: 'Commit, and go back to #1' }).click();
    await page.waitForURL(/\/ui\/stacks\/blog$/);
    await expect.poll(() => job.tags('blog'), { timeout: 20_000 }).toContain('deploy/blog/5');
    expect((await job.api('GET', '/stacks/blog/files')).body.files[0].text).toBe(blog('info'));
  });

  it('met no error on the way', () => {
    expect(phone.problems).toEqual([]);
    // The browser itself tells of the refusal that the conflict is.
    const isRefusal = (one: string) => one.endsWith('responded with a status of 409 (Conflict)');
    expect(browser.problems.filter((one) => !isRefusal(one))).toEqual([]);
    expect(browser.problems.filter(isRefusal).length).toBeGreaterThan(0);
  });
});
