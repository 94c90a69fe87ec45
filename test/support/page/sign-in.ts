import type { MainJob } from '../main-job.ts';
import type { TestBrowser } from './browser.ts';

/** Signs in as the admin by a link, as `kombinator page` prints one. */
export async function signIn({ page }: TestBrowser, job: MainJob): Promise<void> {
  const { body } = await job.api('POST', '/session/links', { body: {} });
  await page.goto(job.url + body.path);
  await page.getByRole('heading', { name: 'Stacks' }).waitFor();
}

/** Tells whether the page is wider than its window. */
export function isTooWide({ page }: TestBrowser): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > innerWidth + 1');
}
