import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';

const stack = (name: string, services: string): Readonly<Record<string, string>> => ({
  [`kombinations/${name}/kombination.yaml`]: `version: "1.0"\nmeta: { name: ${name} }\npolicy: { stable: 1s }\nservices:\n${services}`,
});

const START = `    image: ${IMAGE}\n    init: true\n`;
const FILES = {
  ...stack(
    'talk',
    `  web:\n${START}    command: [sh, -c, "seq 1 3000; exec sleep 100000"]\n  queue:\n${START}    command: [sh, -c, "echo größer as well; exec sleep 100000"]\n    depends_on: [web]\n`,
  ),
  ...stack(
    'sick',
    `  api:\n${START}    command: [sh, -c, "echo no such table: users; exec sleep 100000"]\n    healthcheck: { test: [CMD-SHELL, "echo no answer; exit 1"], interval: 1s, retries: 1, start_period: 1s }\n`,
  ),
};

const SLOW = stack(
  'slow',
  `  web:\n${START}    command: [sleep, "100000"]\n    healthcheck: { test: [CMD, "false"], interval: 1s, start_period: 100s }\n`,
);

/** Asks again and again, also on a machine that has other things to do. */
const soon = <T>(look: () => T) => expect.poll(look, { timeout: 15_000 });

/** Screens of what runs, in a real browser, on real containers. */
describe('screens of what runs', () => {
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    job = await createMainJob(workerEngine());
    await job.push(FILES, 'Two that talk, and one that is not well');
    await job.reaches('talk', 'in_sync');
    await job.job('sick', ({ status }) => status === 'failed');
    browser = await startBrowser();
    const { body } = await job.api('POST', '/session/links', { body: {} });
    await browser.page.goto(job.url + body.path);
    await browser.page.getByRole('heading', { name: 'Stacks' }).waitFor();
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
  });

  it('show what a stack has as a tree, by keyboard alone', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks/talk`);
    const tree = page.getByRole('tree', { name: 'What talk runs' });
    await tree.getByRole('treeitem', { name: /Shared by all services/ }).waitFor();

    await tree.getByRole('treeitem', { name: /queue/ }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');

    const place = tree.getByRole('treeitem', { name: /talk-queue-1/ });
    const focused = 'document.activeElement.textContent';
    await soon(async () => await page.evaluate(focused)).toContain('talk-queue-1');
    expect(await place.getAttribute('aria-level')).toBe('3');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await soon(() => place.count()).toBe(0);
    expect(await findBarriers(page)).toEqual([]);
  });

  it('stop and start a stack by one button each, that asks first', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks/talk`);

    await page.getByRole('button', { name: 'Stop 2 services' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop 2 services' }).click();
    await job.reaches('talk', 'stopped');
    // Restart has the same words in it.
    await page.getByRole('button', { name: 'Start 2 services', exact: true }).click();
    await job.reaches('talk', 'in_sync');

    await page.getByRole('button', { name: 'Restart 2 services' }).waitFor();
    expect((await job.jobs('talk')).map(({ type }) => type).slice(0, 2)).toEqual(['start', 'stop']);
  });

  it('list jobs by a filter in the address, and tell of a failure what the service printed', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/jobs`);
    await page.getByRole('link', { name: /^Started talk/ }).waitFor();

    await page.getByRole('button', { name: /^Failed/ }).click();
    await soon(() => page.url()).toContain('status=failed');
    await soon(() => page.getByRole('link', { name: /^Started talk/ }).count()).toBe(0);
    await page
      .getByRole('link', { name: /deployment of sick/ })
      .first()
      .click();

    await page.getByLabel('Last lines of api').getByText('no such table: users').waitFor();
    await page.getByRole('heading', { name: 'Steps' }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('show a job as it begins, and call it off', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/jobs`);
    await page.getByRole('heading', { name: 'Jobs' }).waitFor();
    await job.push(SLOW, 'One that takes its time');

    await page.getByRole('link', { name: /^Deploys slow/ }).click();
    await page.getByText('under way').or(page.getByLabel('under way')).first().waitFor();
    await page.getByRole('button', { name: 'Call it off …' }).click();
    await page.getByRole('button', { name: 'Call off the deployment' }).click();

    await page.getByText('Called off', { exact: true }).waitFor();
    expect((await job.jobs('slow'))[0].status).toBe('cancelled');
  });

  it('show what all services print, and find a line among thousands', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks/talk/logs?since=1h`);
    const log = page.getByRole('log');
    await log.getByText('größer as well').first().waitFor();
    await soon(() => page.getByText(/lines ·/).innerText()).toMatch(/^[3-9],\d{3} lines/);

    await page.keyboard.press('/');
    await page.keyboard.type('2999');

    await soon(() => log.locator('mark').count()).toBeGreaterThan(0);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Download \d+ lines?$/ }).click();
    expect((await download).suggestedFilename()).toMatch(/^talk-.*\.log$/);
    expect(await findBarriers(page)).toEqual([]);
  });

  it('open a shell in a tab of its own, under the strict content policy', async () => {
    const { page, context, problems } = browser;
    await page.goto(`${job.url}/ui/stacks/talk`);
    const opened = context.waitForEvent('page');
    await page.getByRole('link', { name: 'Terminal in queue' }).click();
    const tab = await opened;
    await tab.getByRole('status').getByText('Open', { exact: true }).waitFor();

    await tab.keyboard.type('echo $((6*7))-coloured; printf "\\033[38;2;200;10;10mred\\033[0m\\n"\n');
    await soon(() => tab.locator('.xterm-rows').innerText()).toContain('42-coloured');
    await tab.keyboard.type('exit 3\n');
    await tab.getByText('Ended with code 3').waitFor();

    expect(await findBarriers(tab)).toEqual([]);
    await tab.close();
    expect(problems).toEqual([]);
  });

  it('fit a phone, in the dark', async () => {
    await using phone = await startBrowser({ width: 360, height: 740, colorScheme: 'dark' });
    const { page, problems } = phone;
    const { body } = await job.api('POST', '/session/links', { body: {} });
    await page.goto(job.url + body.path);
    await page.getByRole('heading', { name: 'Stacks' }).waitFor();
    const [failed] = (await job.jobs('sick')).filter(({ status }) => status === 'failed');

    for (const address of [
      'stacks/sick',
      'stacks/talk/logs',
      'jobs',
      `jobs/${failed.id}`,
      'stacks/talk/terminal/web',
    ]) {
      await page.goto(`${job.url}/ui/${address}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await soon(() => page.locator('.waiting').count()).toBe(0);
      const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth + 1');
      expect([address, isTooWide, await findBarriers(page)]).toEqual([address, false, []]);
    }
    expect(problems).toEqual([]);
  });
});
