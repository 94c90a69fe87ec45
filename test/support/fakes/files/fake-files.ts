import type { DraftOperations, FileOperations, StackFile } from '../../../../reconciler/index.ts';
import { compareText, ReconcilerError } from '../../../../reconciler/index.ts';
import { FAKE_COMMIT as commit } from '../fake-repositories.ts';

/**
 * One file for each stack, its document as JSON; a write is taken and changes nothing.
 *
 * @param known throws for a stack that is not there
 */
export function createFakeFiles(known: (stack: string) => unknown): FileOperations & DraftOperations {
  const fileOf = (stack: string): StackFile => {
    const text = JSON.stringify(known(stack));
    const path = `kombinations/${stack}/kombination.yaml`;
    const plain = { isMain: true, isSecret: false, isMasked: false, diagnostics: [] };
    return { path, text, size: text.length, ...plain };
  };
  const refuseOthers = (stack: string, paths: readonly string[]): void => {
    const { path: own } = fileOf(stack);
    const wrong = paths.filter((path) => path !== own);
    if (wrong.length > 0) throw new ReconcilerError('BAD_OPTIONS', `not to be written: ${wrong.join(', ')}`);
  };
  return {
    listFiles: async (stack) => ({ revision: commit, files: [fileOf(stack)], omitted: 0 }),
    async previewFiles({ stack, files }) {
      refuseOthers(
        stack,
        files.map(({ path }) => path),
      );
      const diff = files.map(({ path }) => ({ path, diff: `--- a/${path}\n+++ b/${path}\n` }));
      return { diff, diagnostics: [], plan: null, others: [] };
    },
    async writeFiles({ stack, files }) {
      const paths = files.map(({ path }) => path).sort(compareText);
      refuseOthers(stack, paths);
      return { commit, file: fileOf(stack).path, files: paths };
    },
    async previewRollback(stack) {
      const { path } = fileOf(stack);
      const diff = [{ path, diff: `--- a/${path}\n+++ b/${path}\n` }];
      return { diff, diagnostics: [], plan: null, others: [] };
    },
    async ignoreDrift({ stack }) {
      const { path } = fileOf(stack);
      return { commit, file: path, files: [path] };
    },
    async previewIgnoreDrift({ stack }) {
      const { path } = fileOf(stack);
      return { diff: [{ path, diff: '' }], diagnostics: [], plan: null, others: [] };
    },
    listKits: () => [],
    previewDraft: async ({ files = [] }) => ({ files, diagnostics: [], plan: null }),
    async commitDraft({ name }) {
      const path = `kombinations/${name}/kombination.yaml`;
      return { commit, file: path, files: [path] };
    },
    async compareDeployments({ stack, from, to }) {
      known(stack);
      const after = { number: to === 'current' ? null : to, revision: commit };
      const nothing = { commits: [], undone: [], files: [], images: [] };
      return { from: { number: from, revision: commit }, to: after, ...nothing };
    },
  };
}
