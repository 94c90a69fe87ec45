import type { DriftChange, PlanDocument } from '../../client/api-types.ts';
import type { FilesPreview, StackFiles } from '../../client/history-types.ts';
import { get, post } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { may } from '../../app/session.ts';

/** Plan of what Git says now; `undefined` while it is made, `null` where it cannot be. It is made by trying the files as they are, so that nothing is recorded. */
export function useDescribed(name: string, key: string): PlanDocument | null | undefined {
  const path = `/stacks/${encodeURIComponent(name)}/files`;
  const { data, isLoading } = useLoad(
    may('deployer') ? `described ${name} ${key}` : null,
    async (signal) => {
      const { files } = await get<StackFiles>(path, signal);
      const main = files.find((one) => one.main && one.text !== null);
      if (main === undefined) return { plan: null };
      return post<Pick<FilesPreview, 'plan'>>(`${path}/preview`, {
        files: [{ path: main.path, text: main.text }],
      });
    },
    { keep: true },
  );
  return may('deployer') && isLoading ? undefined : (data?.plan ?? null);
}

/** Value that Git says a field has; what its plan does not touch is as it runs. */
export function describedValue(plan: PlanDocument, { resource, field, actual }: DriftChange): unknown {
  const change = plan.changes.find(({ id }) => id === resource);
  const found = change?.fields.find(({ path }) => path === field);
  return found === undefined ? actual : found.after;
}

/** Tells whether Git describes a resource at all. */
export function isDescribed(plan: PlanDocument, resource: string): boolean {
  const change = plan.changes.find(({ id }) => id === resource);
  return change !== undefined && change.action !== 'delete';
}
