import type { DocumentPath } from '../../../base/document-path.ts';
import type { Fields } from '../../../base/values.ts';
import type { ChartArchive } from '../../../model/kubernetes/chart-archive.ts';

/** Fields that charts and overlays have in common. */
interface Placed {
  readonly name: string;
  /** Left out: the only node that is a cluster. */
  readonly node?: string;
  /** Default: that of the node. */
  readonly namespace?: string;
  readonly path: DocumentPath;
}

/** Place of a chart: a directory beside the document, or an archive. */
export type ChartPlace =
  | { readonly type: 'directory'; readonly directory: string }
  | { readonly type: 'archive'; readonly archive: ChartArchive };

/** A Helm chart as written. */
export interface ChartModel extends Placed {
  readonly kind: 'chart';
  readonly place: ChartPlace;
  readonly release: string;
  /** Secrets in it are as written. */
  readonly values: Fields;
  readonly valuesFiles: readonly string[];
  readonly hooks: 'refuse' | 'leave-out';
  readonly crds: boolean;
  readonly kubeVersion?: string;
  readonly apiVersions: readonly string[];
}

/** A Kustomize overlay as written. */
export interface OverlayModel extends Placed {
  readonly kind: 'overlay';
  readonly directory: string;
}

export type ManifestModel = ChartModel | OverlayModel;

/** `the chart grafana`: how findings call it. */
export function manifestTitle({ kind, name }: Pick<ManifestModel, 'kind' | 'name'>): string {
  return `the ${kind} ${name}`;
}
