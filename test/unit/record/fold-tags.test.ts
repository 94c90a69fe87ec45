import { expect, it } from 'vitest';
import type { FoldOptions } from '../../../reconciler/ports/source.ts';
import { createTagFolding } from '../../../reconciler/run/record/fold-tags.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

const SIGNAL = new AbortController().signal;

/** A source that folds, and takes note of what it was asked for. */
function begin(failed: ReadonlyMap<string, string> = new Map()) {
  const asked: FoldOptions[] = [];
  const logger = createQuietLogger();
  const source = {
    foldTags: async (options: FoldOptions) => {
      asked.push(options);
      return failed;
    },
  };
  const deployments = { unpushed: () => ['deploy/web/7'] };
  return { asked, logger, context: { source, deployments, logger } as never };
}

it('leaves tags that wait to be pushed as they are', async () => {
  const { asked, context, logger } = begin();
  await createTagFolding(context, { keep: 3, above: 9 })(SIGNAL);
  expect(asked).toEqual([{ keep: 3, above: 9, except: ['deploy/web/7'] }]);
  expect(logger.lines).toEqual([]);
});

it('folds none where the operator says so', async () => {
  const { asked, context } = begin();
  await createTagFolding(context, null)(SIGNAL);
  expect(asked).toEqual([]);
});

it('tells once what the remote does not take', async () => {
  const { context, logger } = begin(new Map([['refs/kombinator/history/web', 'deny updating a hidden ref']]));
  const fold = createTagFolding(context, { keep: 3, above: 9 });
  await fold(SIGNAL);
  await fold(SIGNAL);
  expect(logger.lines.map(({ message }) => message)).toEqual([
    'deployment tags could not be folded; they stay as they are',
  ]);
});
