import type { DeploymentTag, Job, ReleaseOperations } from '../../../reconciler/index.ts';
import { formatRelease, ReconcilerError } from '../../../reconciler/index.ts';
import { COMMIT } from './fake-views.ts';
import { at } from '../records.ts';

/** Tags in a list; every service is a stack of its name. */
export function createFakeReleases(
  tags: DeploymentTag[],
  addJob: (changes: Partial<Job>) => Job,
): ReleaseOperations {
  const need = (release: Parameters<typeof formatRelease>[0]): DeploymentTag => {
    const name = formatRelease(release);
    const tag = tags.find((one) => one.name === name);
    if (tag === undefined) throw new ReconcilerError('UNKNOWN_TAG', `there is no tag ${name}`);
    return tag;
  };
  const put = (tag: DeploymentTag): DeploymentTag => {
    const index = tags.findIndex(({ name }) => name === tag.name);
    tags.splice(index < 0 ? tags.length : index, 1, tag);
    return tag;
  };
  return {
    createRelease: async ({ release, commit = COMMIT, message, force = false }) => {
      const name = formatRelease(release);
      if (!force && tags.some((tag) => tag.name === name))
        throw new ReconcilerError('TAG_EXISTS', `there is a tag ${name} already`);
      const { service, version, environment } = release;
      const text = message ?? `Deploy ${service} v${version} to ${environment}`;
      return put({ name, commit, message: text, time: at(1) });
    },
    moveRelease: async (release, commit) =>
      put({ ...need(release), commit, message: `Moved tag to ${commit}` }),
    async deleteRelease(release) {
      const tag = need(release);
      tags.splice(tags.indexOf(tag), 1);
      return tag;
    },
    async deployRelease(release, { actor }) {
      const tag = need(release);
      const { service: stack } = release;
      const job = addJob({ type: 'apply', stack, actor: actor.name });
      return { tag, stack, commit: null, job };
    },
    releaseStatus: async (release) => ({
      tag: need(release),
      stack: release.service,
      deployment: null,
      deployed: false,
      differs: ['kombinations/web/kombination.yaml'],
    }),
  };
}
