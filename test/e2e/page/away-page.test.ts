import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';

/** Stacks of which there is a file only: no machine answers. */
const FILES = Object.fromEntries(
  ['one', 'two', 'three'].map((name) => [
    `kombinations/${name}/kombination.yaml`,
    `version: "1.0"\nmeta: { name: ${name} }\nservices: { web: { image: "nothing:1" } }\n`,
  ]),
);

/** The page while its daemon is away, has another build, or answers slowly, and addresses that lead nowhere. */
describe('the page where not all goes as it should', () => {
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    job = await createMainJob(null);
    await job.push(FILES, 'Three that nobody runs');
    browser = await startBrowser();
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
  });

  /** Counts how often the page is loaded from now on. */
  function countLoads(): () => number {
    let number = 0;
    browser.page.on('domcontentloaded', () => {
      number += 1;
    });
    return () => number;
  }

  async function linkOf(): Promise<string> {
    const { body } = await job.api('POST', '/session/links', { body: {} });
    return body.path.split('#')[1];
  }

  it('signs in by a link that is pasted into the open page, once', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/`);
    await expect.poll(() => page.title()).toBe('Sign in · Kombinator');
    const loads = countLoads();
    await page.evaluate(`location.hash = '#link=worn-out'`);
    await page.getByRole('alert').waitFor();
    expect(page.url()).not.toContain('link');

    const link = await linkOf();
    await page.evaluate(`location.hash = '#${link}'`);
    await page.getByRole('heading', { name: 'Stacks' }).waitFor();
    expect(page.url()).not.toContain('link');

    await page.evaluate(`location.hash = '#${link}'`);
    await page.getByText(/^Still signed in as /).waitFor();
    expect(page.url()).not.toContain('link');
    expect(loads()).toBe(0);
  });

  it('says that the daemon is away instead of loading itself again and again, and goes on once it is back', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks`);
    await page.getByRole('heading', { name: 'Stacks' }).waitFor();
    const loads = countLoads();
    await page.route('**/*', (route) => route.abort('connectionrefused'));
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByText('Kombinator does not answer. Is the daemon running?').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Kombinator does not answer. Is the daemon running?').waitFor();
    expect(loads()).toBe(0);

    await page.unroute('**/*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Audit' }).waitFor();
    expect(loads()).toBe(1);
  });

  it('loads itself once for another build, and then says so', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks`);
    await page.getByRole('heading', { name: 'Stacks' }).waitFor();
    await page.evaluate('sessionStorage.clear()');
    const loads = countLoads();
    await page.route('**/instances-*.js', (route) => route.fulfill({ status: 404, body: '' }));
    await page.getByRole('link', { name: 'Instances' }).click();
    await page.getByText('Kombinator has another version than this page.').waitFor();
    expect(loads()).toBe(1);

    await page.unroute('**/instances-*.js');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Instances' }).waitFor();
  });

  it('goes to the last page where an address names one that is not there', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks?page=77`);
    await expect.poll(() => page.locator('table.stacks tbody tr').count()).toBe(3);
    await page.goto(`${job.url}/ui/stacks?page=many`);

    await expect.poll(() => page.locator('table.stacks tbody tr').count()).toBe(3);
  });

  it('goes through a list by keys, also from a row that is gone meanwhile', async () => {
    const { page } = browser;
    await page.goto(`${job.url}/ui/stacks?sort=name`);
    await expect.poll(() => page.locator('table.stacks tbody tr').count()).toBe(3);
    const focused = () => page.evaluate('document.activeElement.textContent');
    // Keys count once the list is there, a moment after its rows.
    const down = async () => {
      await page.keyboard.press('j');
      return focused();
    };
    await expect.poll(down).toBe('one');
    expect(await down()).toBe('three');
    await job.push({ 'kombinations/three/kombination.yaml': null }, 'One fewer');
    await expect.poll(() => page.locator('table.stacks tbody tr').count()).toBe(2);

    await page.keyboard.press('j');
    expect(await focused()).toBe('two');
    await page.keyboard.press('k');
    expect(await focused()).toBe('one');
  });

  it('ends measuring what stacks use, also when other stacks come meanwhile', async () => {
    const { page } = browser;
    const names = Array.from({ length: 30 }, (_, index) => `stack-${index}`);
    let stacks = names.slice(0, 2);
    await page.route('**/api/v1/workers', async (route) => {
      const worker = {
        id: 'nas',
        name: 'nas',
        status: 'online',
        last_seen: null,
        resources: { cpu_cores: 4, memory_gb: 8, disk_gb: null },
        address: 'tcp://nas',
        hostname: null,
        docker_version: null,
        os: null,
        arch: null,
        stacks,
        message: null,
        file: null,
      };
      await route.fulfill({ json: { workers: [worker] } });
    });
    const held: (() => Promise<void>)[] = [];
    await page.route('**/stats', (route) => {
      held.push(() => route.fulfill({ json: { stats: [], failures: {} } }));
    });
    await page.goto(`${job.url}/ui/nodes`);
    await page.getByText('Measuring 0 of 2 stacks …').waitFor();

    stacks = names;
    await job.push(
      {
        'kombinations/four/kombination.yaml': FILES['kombinations/one/kombination.yaml']!.replace(
          'name: one',
          'name: four',
        ),
      },
      'One more',
    );
    await page.getByRole('heading', { name: '30 stacks here' }).waitFor();
    for (const answer of held) await answer();

    await page.getByRole('button', { name: 'Measure again' }).waitFor();
    await page.unroute('**/stats');
    await page.unroute('**/api/v1/workers');
  });
});
