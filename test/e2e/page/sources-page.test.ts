import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';
import type { Json, MainJob } from '../../support/main-job.ts';
import { createMainJob } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';
import { isTooWide, signIn } from '../../support/page/sign-in.ts';

const stack = (name: string) => ({
  [`${name}/kombination.yaml`]: `version: "1.0"\nmeta: { name: ${name} }\nservices: { web: { image: "nothing:1" } }\n`,
});

/** The page of a daemon with several repositories; no machine answers. */
describe('the page of several repositories', () => {
  let shop: TestRepository;
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    shop = await createBareRepo();
    await commitFiles(shop, stack('till'), 'A till');
    job = await createMainJob(null, {}, `sources: { shop: { repo: ${shop.path} } }\n`);
    await job.push(stack('house'), 'A house');
    const read = async () => (await job.api('GET', '/sources')).body.sources as readonly Json[];
    await eventually(read, (sources) => sources.every(({ stacks }) => stacks === 1));
    browser = await startBrowser();
    await signIn(browser, job);
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
    await shop?.[Symbol.asyncDispose]();
  });

  it('leads from one to another, whose links, events and commits are its own', async () => {
    const { page, problems } = browser;
    await page.getByRole('link', { name: 'house', exact: true }).waitFor();
    await page.getByLabel('Repository').selectOption('shop');
    await page.waitForURL(`${job.url}/sources/shop/ui/stacks`);
    await page.getByRole('link', { name: 'till', exact: true }).click();
    await page.waitForURL(`${job.url}/sources/shop/ui/stacks/till`);
    await page.getByRole('heading', { name: 'till' }).waitFor();
    await page.getByRole('link', { name: 'Files' }).click();
    await page.waitForURL(`${job.url}/sources/shop/ui/stacks/till/files`);
    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await page.waitForURL(`${job.url}/sources/shop/ui/jobs`);
    await page.getByRole('link', { name: 'Stacks', exact: true }).click();
    await page.getByRole('link', { name: 'till', exact: true }).waitFor();
    // Events are those of this repository.
    await commitFiles(shop, stack('scales'), 'Scales');
    await page.getByRole('link', { name: 'scales', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'house', exact: true }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('lists all of them, with their stacks by state', async () => {
    const { page, problems } = browser;
    await page.goto(`${job.url}/sources/shop/ui/stacks`);
    await page.getByLabel('Repository').selectOption('All of them');
    await page.waitForURL(`${job.url}/sources/shop/ui/sources`);
    await page.getByText('2 stacks').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 700 });
    expect(await isTooWide(browser)).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('link', { name: 'Own repository' }).click();
    await page.waitForURL(`${job.url}/ui/stacks`);
    await page.getByRole('link', { name: 'house', exact: true }).waitFor();
    expect(problems).toEqual([]);
  });
});
