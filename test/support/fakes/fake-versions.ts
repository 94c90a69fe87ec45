import type { Version, VersionOperations } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { COMMIT } from './fake-views.ts';
import { at } from '../records.ts';

/** Versions in a list; each holds what the document was. */
export function createFakeVersions(documentOf: (stack: string) => unknown): VersionOperations {
  const kept: { stack: string; version: Version; document: unknown }[] = [];
  const need = (stack: string, number: number) => {
    const found = kept.find((one) => one.stack === stack && one.version.number === number);
    if (found === undefined) throw new ReconcilerError('UNKNOWN_TAG', `${stack} has no version ${number}`);
    return found;
  };
  const list = (stack: string) =>
    kept.flatMap((one) => (one.stack === stack ? [one.version] : [])).toReversed();
  return {
    listVersions: async (stack) => list(stack),
    readVersion: async (stack, number) => need(stack, number).document,
    async createVersion({ stack, actor, name = '', label = '', description = '', ...rest }) {
      const version: Version = {
        number: list(stack).length + 1,
        commit: COMMIT,
        file: `workflows/${stack}.yaml`,
        name,
        label,
        description,
        author: actor.name,
        time: at(1),
        isAutomatic: rest.isAutomatic ?? false,
        jobId: rest.jobId ?? null,
        restoredFrom: rest.restoredFrom ?? null,
      };
      kept.push({ stack, version, document: documentOf(stack) });
      return version;
    },
    async editVersion(stack, number, notes) {
      const found = need(stack, number);
      found.version = { ...found.version, ...notes };
      return found.version;
    },
  };
}
