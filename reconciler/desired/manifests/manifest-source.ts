import type { FoundManifest } from '../../config/kombination/manifests/find-manifests.ts';

/** A chart or an overlay with all files that it is made of. */
export interface ManifestSource extends FoundManifest {
  /** Changes when anything that a commit can change does. */
  readonly digest: string;
}

/** Path of the repository among the files that the program of an overlay is given. */
export const REPOSITORY = 'repository';
