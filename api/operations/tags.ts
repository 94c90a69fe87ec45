import type { DeploymentTag } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** A tag that says what was, or is to be, deployed. */
export interface TagView extends DeploymentTag {
  /** `deployment`: ours, `deploy/<stack>/<n>`; `release`: `<service>-v<X.Y.Z>-<environment>`. */
  readonly scheme: 'deployment' | 'release';
  /** Stack or service. */
  readonly subject: string;
  /** Number of the deployment, or version of the release. */
  readonly version: string;
  readonly environment: string | null;
}

const DEPLOYMENT = /^deploy\/([^/]+)\/(\d+)$/;
const RELEASE = /^(.+)-v(\d+\.\d+\.\d+(?:-[a-zA-Z0-9]+)?)-(dev|staging|prod)$/;

/** Deployment tags of both schemes: releases first, the newest version first; then deployments, the newest first. */
export async function listTags({ reconciler }: ApiDeps): Promise<readonly TagView[]> {
  const tags = (await reconciler.listTags()).map(toTagView).filter((tag) => tag !== null);
  return tags.sort(compareTags);
}

function toTagView(tag: DeploymentTag): TagView | null {
  const [, stack, number] = DEPLOYMENT.exec(tag.name) ?? [];
  if (stack !== undefined && number !== undefined)
    return { ...tag, scheme: 'deployment', subject: stack, version: number, environment: null };
  const [, service, version, environment] = RELEASE.exec(tag.name) ?? [];
  if (service === undefined || version === undefined || environment === undefined) return null;
  return { ...tag, scheme: 'release', subject: service, version, environment };
}

function compareTags(a: TagView, b: TagView): number {
  if (a.scheme !== b.scheme) return a.scheme === 'release' ? -1 : 1;
  const subject = a.subject.localeCompare(b.subject);
  if (subject !== 0) return subject;
  return b.version.localeCompare(a.version, 'en', { numeric: true }) || (a.name < b.name ? -1 : 1);
}
