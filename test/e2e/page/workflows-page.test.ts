import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git } from '../../support/git/git-repo.ts';
import type { WorkflowCluster } from '../../support/kubernetes/workflow-cluster.ts';
import { startWorkflowDouble } from '../../support/kubernetes/workflow-cluster.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';

const EXAMPLE = join(
  import.meta.dirname,
  '../../../examples/kombinations/shop-on-cluster/workflows/shop.yaml',
);
const SECRET = 'correct-horse-of-the-page';

/** Workflows on the page, in a real browser, before a daemon that deploys to a cluster. */
describe('workflows on the page', () => {
  let cluster: WorkflowCluster;
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    cluster = await startWorkflowDouble('default class');
    job = await createMainJob(null, {}, `clusters:\n  prod:\n    ${cluster.file}`);
    await job.push({ 'workflows/shop.yaml': `# Ours.\n${await readFile(EXAMPLE, 'utf8')}` }, 'Open the shop');
    browser = await startBrowser();
    await signIn(browser);
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await job?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  async function signIn({ page }: TestBrowser): Promise<void> {
    const { body } = await job.api('POST', '/session/links', { body: {} });
    await page.goto(job.url + body.path);
    await page.getByRole('heading', { name: 'Stacks' }).waitFor();
  }

  it('are listed, and run with a value that is asked for', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/workflows`);
    await page.getByText('give it with a run').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('link', { name: 'shop' }).click();
    await page.getByLabel('Drawing of the workflow').waitFor();

    await page.getByRole('button', { name: 'Run …' }).click();
    await page.getByLabel('SESSION_KEY of shop-keys').fill(SECRET);
    await page.getByRole('button', { name: 'Run it with 1 new value' }).click();
    await page.waitForURL(/\/ui\/jobs\/job_/);

    await job.reaches('shop', 'in_sync');
    expect(await page.content()).not.toContain(SECRET);
  });

  it('show how each node is, and what connections fill in', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/workflows/shop`);
    const drawing = page.getByLabel('Drawing of the workflow');
    await drawing.getByText('Healthy').nth(6).waitFor();
    await drawing.getByText('Ingress').click();

    await page.getByText('entrance lets visitors in to front').waitFor();
    await page.getByText('front fills in').first().waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('are changed by a form, with the finding at its field, and saved as a commit that is shown first', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/workflows/shop?view=list`);
    await page.getByRole('button', { name: 'shop', exact: true }).first().click();
    const panel = page.getByLabel('Node web');
    await panel.getByLabel('Port', { exact: true }).fill('many');
    await panel.getByText('port must be a whole number').waitFor();
    await panel.getByLabel('Port', { exact: true }).fill('8001');
    await page.getByRole('button', { name: 'Save changes …' }).click();
    expect(await page.getByRole('figure').innerText()).toMatch(/\+ +port: 8001/);
    await page.getByLabel('Message of the commit').fill('Listen elsewhere');
    // Files that cannot be read afterwards keep nobody from knowing that it is saved.
    const reads = '**/stacks/shop/files';
    await page.route(reads, (route) => (route.request().method() === 'GET' ? undefined : route.continue()));
    await page.getByRole('button', { name: 'Commit, and apply 2 changes to prod' }).click();
    await page.getByText(/Saved as commit/).waitFor();
    await page.getByRole('button', { name: 'Saved', exact: true }).waitFor();
    expect(await panel.getByLabel('Port', { exact: true }).inputValue()).toBe('8001');
    await page.unroute(reads);

    const head = await git(job.repository.path, 'rev-parse', 'main');
    const { status } = await job.job('shop', ({ revision, type }) => revision === head && type === 'deploy');
    expect(status).toBe('completed');
    const commit = await git(job.repository.path, 'show', 'main');
    expect(commit).toContain('Listen elsewhere');
    expect(commit.split('\n').filter((line) => /^[-+] /.test(line))).toEqual([
      '-      port: 8000',
      '+      port: 8001',
    ]);
  });

  it('leave a node where it is dragged to, whatever is new about it meanwhile', async () => {
    await using other = await startBrowser();
    await signIn(other);
    const { page } = other;
    await page.goto(`${job.url}/ui/workflows/shop?view=canvas`);
    const node = page.getByLabel('Drawing of the workflow').getByText('Ingress');
    await node.waitFor();
    const placeOf = async () => (await node.boundingBox()) ?? { x: 0, y: 0 };
    await expect.poll(async () => (await placeOf()).x === (await placeOf()).x).toBe(true);
    await page.evaluate('new Promise((done) => setTimeout(done, 300))');
    const { x, y } = await placeOf();
    await page.mouse.move(x + 5, y + 5);
    await page.mouse.down();
    await page.mouse.move(x + 65, y + 55, { steps: 5 });
    const seen = page.waitForResponse(/\/stacks\/shop\/resources/);
    await job.api('PUT', '/stacks/shop/hold', { body: {} });
    await seen;
    await page.evaluate('new Promise((done) => setTimeout(done, 100))');

    expect((await placeOf()).x).toBeGreaterThan(x + 40);
    await page.mouse.up();
    await job.api('DELETE', '/stacks/shop/hold');
    expect((await placeOf()).x).toBeGreaterThan(x + 40);
  });

  it('say so when the drawing cannot be loaded, and load it when asked again', async () => {
    await using other = await startBrowser();
    await signIn(other);
    const { page } = other;
    await page.route('**/canvas-*.js', (route) => route.abort());
    await page.goto(`${job.url}/ui/workflows/shop?view=canvas`);
    await page.getByText('The drawing cannot be loaded').waitFor();
    await page.unroute('**/canvas-*.js');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByLabel('Drawing of the workflow').waitFor();
  });

  it('have versions whose graphs are compared', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/workflows/shop?view=versions`);

    await page.getByText('1 node changed').waitFor();
    await page.getByText('8001').waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('can be made by keyboard alone', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/workflows`);
    await page.getByRole('heading', { name: 'Workflows' }).waitFor();
    await page.keyboard.press('n');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('Größere Wohnung');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing is drawn yet.').waitFor();
    for (const [words, name] of [
      ['pods replaces', 'deployment'],
      ['one name and address', 'service'],
    ] as const) {
      await page.keyboard.press('a');
      await page.getByRole('searchbox').waitFor();
      await page.keyboard.type(words);
      const offered = page.getByRole('dialog').getByRole('list').getByRole('button');
      await expect.poll(() => offered.count()).toBe(1);
      await page.keyboard.press('Enter');
      await expect.poll(() => offered.evaluate((one) => one.matches(':focus'))).toBe(true);
      await page.keyboard.press('Enter');
      await page.getByLabel(`Node ${name}`).waitFor();
      await page.keyboard.press('Escape');
    }
    await page.keyboard.press('v');
    await page.getByRole('list', { name: '2 nodes' }).waitFor();
    // The heading has the focus first, once the view is there.
    const next = async () => {
      await page.keyboard.press('j');
      return page.evaluate('document.activeElement.id');
    };
    await expect.poll(next).toBe('open-service');
    await page.keyboard.press('Enter');
    const connect = page.getByRole('button', { name: 'Connect service with deployment' });
    await connect.focus();
    await page.keyboard.press('Enter');
    await page.getByText('service is the address of deployment').first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('s');
    const commit = page.getByRole('button', { name: 'Commit 1 file' });
    await commit.focus();
    await page.keyboard.press('Enter');
    await page.getByText(/Saved as commit/).waitFor();

    const file = await git(job.repository.path, 'show', 'main:workflows/grossere-wohnung.yaml');
    expect(file).toContain('- { source: deployment, target: service }');
  });

  it('work on a phone in the dark, and nothing went wrong anywhere', async () => {
    await using phone = await startBrowser({ width: 360, height: 740, colorScheme: 'dark' });
    await signIn(phone);
    const { page } = phone;
    await page.goto(`${job.url}/ui/workflows/shop`);
    await page.getByRole('button', { name: 'shop-settings' }).click();
    await page.getByLabel('Node settings').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await findBarriers(page)).toEqual([]);

    expect([...browser.problems, ...phone.problems]).toEqual([]);
  });
});
