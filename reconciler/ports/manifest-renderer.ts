import type { Problem } from '../base/problem.ts';
import type { ChartArchive } from '../model/kubernetes/chart-archive.ts';

/** A file that a program is given. */
export interface ProgramFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** A Helm chart as it is rendered. */
export interface ChartRequest {
  readonly kind: 'chart';
  /** Directory of the chart among the files, or the archive that it is in. */
  readonly chart: { readonly directory: string } | { readonly archive: ChartArchive };
  readonly files: readonly ProgramFile[];
  readonly release: string;
  readonly namespace: string;
  /** Paths among the files; later ones go before earlier ones. */
  readonly valuesFiles: readonly string[];
  /** JSON that goes before all of them. It may hold secrets, and never reaches a disk. */
  readonly values: string;
  readonly crds: boolean;
  /** Default: that of the program. */
  readonly kubeVersion?: string;
  readonly apiVersions: readonly string[];
}

/** A Kustomize overlay as it is built. */
export interface OverlayRequest {
  readonly kind: 'overlay';
  /** Directory of the overlay among the files. */
  readonly directory: string;
  readonly files: readonly ProgramFile[];
}

export type ManifestRequest = ChartRequest | OverlayRequest;

/** The part of a request that tells whether the operator has allowed it. */
export type ManifestNeed =
  | { readonly kind: 'overlay' }
  | { readonly kind: 'chart'; readonly address: string | null };

/** Programs of the operator that make Kubernetes objects of charts and overlays. */
export interface ManifestRenderer {
  /** Says why something cannot be rendered here, whatever is in it; `null`: it can. */
  whyNot(need: ManifestNeed): Problem | null;
  /**
   * Returns YAML documents, or what is wrong with the request. The same request gives the same documents, which is tried out. Throws only when the
   * signal aborts.
   *
   * @param hidden texts that no answer quotes
   */
  render(request: ManifestRequest, hidden: readonly string[], signal: AbortSignal): Promise<string | Problem>;
}
