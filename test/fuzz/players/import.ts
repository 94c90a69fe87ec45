import { blobId } from '../../../reconciler/base/blob-id.ts';
import type { TreeChange } from '../../../reconciler/config/file-tree.ts';
import { updateTree } from '../../../reconciler/config/file-tree.ts';
import { importCompose } from '../../../reconciler/index.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';
import { checkFindings, toViolation } from '../checks.ts';
import type { FuzzInput, Part, Violation } from '../input.ts';

const COMPOSE = /(?:^|\/)compose\.yaml$/;

/** Imports the Compose files of an input, as the command does. */
export function playImport({ parts }: FuzzInput): readonly Violation[] {
  const files = parts.filter(({ name }) => COMPOSE.test(name)).map(({ name }) => name);
  if (files.length === 0) return [];
  const texts = new Map(parts.map(({ text }) => [blobId(Buffer.from(text)), text]));
  try {
    const tree = updateTree(new Map(), parts.map(toChange));
    const { notes, diagnostics } = importCompose({
      files,
      tree,
      texts,
      checkSchema,
      fallbackName: 'shop',
    });
    return [
      ...checkFindings(diagnostics),
      ...notes.flatMap(({ line }) =>
        line >= 1 ? [] : [{ rule: 'a note without a line', place: 'import', detail: String(line) }],
      ),
    ];
  } catch (error) {
    return [toViolation('a Compose file is not imported', error)];
  }
}

function toChange({ name, text }: Part): TreeChange {
  return { path: name, file: { type: 'file', blob: blobId(Buffer.from(text)) } };
}
