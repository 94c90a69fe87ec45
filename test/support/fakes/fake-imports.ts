import type { ImportOperations } from '../../../reconciler/public/imports.ts';
import { createImportOperations } from '../../../reconciler/run/operations/imports.ts';
import { createFakeForeign } from './fake-foreign.ts';

/** Addresses that the fake reconciler can import from. */
export const FAKE_REPOSITORIES = {
  'https://github.com/acme/shop': {
    'docker-compose.yml': 'services: { web: { image: "nginx:1.29", ports: ["8080:80"] } }',
  },
  'https://github.com/acme/empty': { 'README.md': 'nothing' },
  'https://github.com/acme/slow': 'never',
} as const;

/** Imports of repositories in memory. */
export function createFakeImports(): ImportOperations {
  return createImportOperations({
    fetcher: createFakeForeign(FAKE_REPOSITORIES),
    clock: { now: () => Date.now() },
    later: (_, work) => void work(new AbortController().signal).catch(() => undefined),
  });
}
