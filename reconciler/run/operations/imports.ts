import { blobId } from '../../base/blob-id.ts';
import { analyzeCompose } from '../../config/compose/graph/analyze-compose.ts';
import { updateTree } from '../../config/file-tree.ts';
import { createSchemaCheck } from '../../config/schema-check.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RepositoryFetcher } from '../../ports/builds/repository-fetcher.ts';
import type { ImportOperations } from '../../public/imports.ts';
import type { ImportSessionParts } from '../imports/import-sessions.ts';
import { createImportSessions } from '../imports/import-sessions.ts';

export interface ImportParts {
  readonly fetcher: RepositoryFetcher;
  readonly clock: Pick<Clock, 'now'>;
  readonly later: ImportSessionParts['later'];
}

const FILE = 'compose.yaml';

export function createImportOperations(parts: ImportParts): ImportOperations {
  const checkSchema = createSchemaCheck();
  const sessions = createImportSessions({ ...parts, checkSchema });
  return {
    analyzeCompose({ text, fileName = FILE, namespace }) {
      const blob = blobId(new TextEncoder().encode(text));
      const { analysis } = analyzeCompose({
        files: [FILE],
        tree: updateTree(new Map(), [{ path: FILE, file: { type: 'file', blob } }]),
        texts: new Map([[blob, text]]),
        fallbackName: nameOfFile(fileName),
        checkSchema,
        ...(namespace === undefined ? {} : { namespace }),
      });
      return analysis;
    },
    startImport: sessions.start,
    getImport: sessions.get,
    followImport: sessions.follow,
  };
}

/** `shop` of `shop.compose.yaml`. */
function nameOfFile(fileName: string): string {
  const name = fileName.replace(/\.ya?ml$/i, '').replace(/[._-]?(docker-)?compose$/i, '');
  return name === '' ? 'app' : name;
}
