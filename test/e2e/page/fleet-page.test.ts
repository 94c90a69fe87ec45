import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE } from '../../support/main-job.ts';
import { findBarriers } from '../../support/page/accessibility.ts';
import type { TestBrowser } from '../../support/page/browser.ts';
import { startBrowser } from '../../support/page/browser.ts';

const NOTES = `version: "1.0"
meta: { name: notes }
services:
  app:
    image: ${IMAGE}
    command: [sh, -c, "echo first > /notes/text; exec sleep 100000"]
    init: true
    volumes: ["notes:/notes"]
volumes: { notes: {} }
backup: { volumes: true }
`;
const FILES = {
  'kombinations/notes/kombination.yaml': NOTES,
  'kombinations/broken/kombination.yaml':
    'version: "1.0"\nmeta: { name: broken }\nservices: { web: { imagee: x } }\n',
  'nodes/shed.yaml': 'type: docker\nconnection: { host: "tcp://127.0.0.1:1" }\n',
};
const OPERATOR = 'policy: { allow: { connections: ["tcp://127.0.0.1:1"] } }\n';

/** The screens beside the stacks, before a daemon that runs real containers. */
describe('the page about machines, data, tags and people', () => {
  let job: MainJob;
  let browser: TestBrowser;

  beforeAll(async () => {
    job = await createMainJob(workerEngine(), {}, OPERATOR);
    await job.push(FILES, 'Notizen für die Größe');
    await job.reaches('notes', 'in_sync');
    browser = await startBrowser({ colorScheme: 'dark' });
    await signIn(browser);
  });
  afterAll(async () => {
    await Promise.all([browser?.[Symbol.asyncDispose](), job?.[Symbol.asyncDispose]()]);
  });

  async function signIn({ page }: TestBrowser): Promise<void> {
    const { body } = await job.api('POST', '/session/links', { body: {} });
    await page.goto(job.url + body.path);
    await page.getByRole('heading', { name: 'Stacks', level: 1 }).waitFor();
  }

  async function open(place: string, heading: string): Promise<void> {
    await browser.page.goto(`${job.url}/ui/${place}`);
    await browser.page.getByRole('heading', { name: heading, level: 1 }).waitFor();
  }

  it('shows nodes, and what stacks use of them', async () => {
    const { page } = browser;
    await open('nodes', 'Nodes');

    const local = page.getByRole('region', { name: 'local' });
    await local.getByText('Online').waitFor();
    await local.getByRole('meter', { name: /^Memory/ }).waitFor();

    expect(await local.getByRole('link', { name: 'notes' }).getAttribute('href')).toBe('/ui/stacks/notes');
    expect(await findBarriers(page)).toEqual([]);
  });

  it('shows findings by file, and reads the repository when somebody says so', async () => {
    const { page } = browser;
    await open('repository', 'Repository');
    await page.getByRole('region', { name: 'kombinations/broken/kombination.yaml' }).waitFor();

    await page.getByRole('button', { name: 'Read it now' }).click();
    await page.getByText(/^Read\. Nothing is new/).waitFor();

    expect(await findBarriers(page)).toEqual([]);
  });

  it('backs up, looks at what a restore would change, and restores when the name is typed', async () => {
    const { page } = browser;
    await open('data', 'Databases and backups');
    await page.getByRole('button', { name: 'Back up a stack …' }).click();
    await page.getByRole('combobox', { name: 'Stack' }).fill('notes');
    await page.getByRole('button', { name: 'Back up notes now' }).click();
    await page.getByRole('button', { name: 'Restore …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restore notes of notes?' });
    await dialog.getByText(/Nothing would change/).waitFor();
    const restore = dialog.getByRole('button', { name: 'Replace notes by this backup' });

    expect(await restore.isDisabled()).toBe(true);
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByRole('textbox', { name: 'Type notes to go on' }).fill('notes');
    await restore.click();

    const { status } = await job.job('notes', ({ type }) => type === 'restore');
    expect(status).toBe('completed');
  });

  it('makes a release tag by keyboard alone, and says that it is deployed', async () => {
    const { page } = browser;
    await open('tags', 'Release tags');
    await page.getByText('There are no release tags yet.').waitFor();

    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog', { name: 'New release tag' });
    await dialog.waitFor();
    await page.keyboard.type('notes');
    await page.keyboard.press('Tab');
    await page.keyboard.type('1.0.0');
    await page.keyboard.press('Enter');
    const tag = page.getByRole('link', { name: 'notes-v1.0.0-prod' });
    await tag.waitFor();
    await tag.focus();
    await page.keyboard.press('Enter');

    await page
      .getByRole('dialog', { name: 'notes-v1.0.0-prod' })
      .getByText('Deployed', { exact: true })
      .waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  it('lists instances', async () => {
    const { page } = browser;
    await open('instances', 'Instances');

    await page.getByText('No instance runs now.').waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });

  it('makes a key that is shown once, and writes that down', async () => {
    const { page } = browser;
    await open('users', 'Users and keys');
    await page.getByText('There are no users yet.').waitFor();

    await page.getByRole('button', { name: 'New key …' }).click();
    await page.getByRole('textbox', { name: 'Whom or what is it for?' }).fill('CI für Größe');
    await page.getByRole('button', { name: 'Make a key for CI für Größe' }).click();
    const key = await page.getByRole('textbox', { name: 'Key for CI für Größe' }).inputValue();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Key for CI für Größe' }).count()).toBe(0);
    await open('users', 'Users and keys');
    await page.getByText('CI für Größe').waitFor();
    expect(await page.getByRole('textbox', { name: 'Key for CI für Größe' }).count()).toBe(0);
    expect(await page.content()).not.toContain(key);

    expect((await job.api('GET', '/stacks', { key })).status).toBe(200);
    expect(await findBarriers(page)).toEqual([]);
    await open('audit', 'Audit');
    const row = page.getByRole('row', { name: /made the key/ });
    await row.waitFor();
    expect(await row.innerText()).toContain('CI für Größe');
    expect(await page.content()).not.toContain(key);
    expect(await findBarriers(page)).toEqual([]);
  });

  it('fits a phone, and nothing went wrong meanwhile', async () => {
    await using phone = await startBrowser({ width: 360, height: 740 });
    await signIn(phone);
    for (const place of ['nodes', 'repository', 'data', 'tags', 'instances', 'users', 'audit']) {
      await phone.page.goto(`${job.url}/ui/${place}`);
      await phone.page.getByRole('heading', { level: 1 }).waitFor();
      await expect.poll(() => phone.page.locator('.waiting').count()).toBe(0);

      const isTooWide = await phone.page.evaluate('document.documentElement.scrollWidth > innerWidth + 1');
      expect([place, isTooWide]).toEqual([place, false]);
    }
    expect([...browser.problems, ...phone.problems]).toEqual([]);
  });
});
