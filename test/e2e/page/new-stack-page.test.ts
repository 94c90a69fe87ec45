import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';
import { isTooWide, signIn } from '../../support/page/sign-in.ts';

const COMPOSE = `services:\n  web:\n    image: ${IMAGE}\n    command: [sleep, "100000"]\n    init: true\n`;

describe('a new stack on the page', () => {
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    job = await createMainJob(workerEngine());
    await job.push({ 'kombinator.yaml': 'policy: {}\n' }, 'Begin');
    browser = await startBrowser();
    await signIn(browser, job);
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
  });

  it('is made of a Compose file, by the keyboard alone', async () => {
    const { page } = browser;
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: 'New stack' }).waitFor();
    await page.getByRole('textbox', { name: 'Name', exact: true }).focus();
    await page.keyboard.type('blog');
    await page.getByRole('textbox', { name: 'The Compose file' }).focus();
    await page.keyboard.insertText(COMPOSE.replace('init', 'inti'));
    await page.getByText('1 error: it cannot be committed yet.').waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(COMPOSE);
    await page.getByText('Checked: it can be committed.').waitFor();
    expect(await findBarriers(page)).toEqual([]);

    await page.getByRole('button', { name: 'Commit 2 files: add blog' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/ui\/stacks\/blog$/);
    await job.reaches('blog', 'in_sync');
    expect(await job.tags('blog')).toEqual(['deploy/blog/1']);
  });

  it('is edited before it is committed, on a phone', async () => {
    const { page } = browser;
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${job.url}/ui/new`);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('notes');
    await page.getByRole('radio', { name: /An empty kombination/ }).check();
    await page.getByRole('button', { name: 'Edit it before' }).click();
    const text = page.getByRole('textbox', { name: 'Text of kombinations/notes/kombination.yaml' });
    await text.fill(`version: "1.0"\nmeta: { name: notes }\n${COMPOSE}`);
    await page.getByText('Checked: it can be committed.').waitFor();
    expect(await isTooWide(browser)).toBe(false);
    expect(await findBarriers(page)).toEqual([]);

    await page.getByRole('button', { name: 'Commit 1 file: add notes' }).click();
    await page.waitForURL(/\/ui\/stacks\/notes$/);
    await job.reaches('notes', 'in_sync');
  });

  it('offers the services of a kit, and says what they need', async () => {
    const { page, problems } = browser;
    await page.goto(`${job.url}/ui/new`);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('sign-in');
    await page.getByRole('radio', { name: /A kit/ }).check();
    await page.getByRole('combobox').selectOption('base-kit');
    await page.getByRole('searchbox').fill('sign-in');
    await page.getByRole('checkbox', { name: /^authelia/ }).check();
    await page.getByText('authelia needs redis').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    expect(problems).toEqual([]);
  });
});
