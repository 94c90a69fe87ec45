import { join } from 'node:path';
import { sweepArchives } from '../../adapters/charts/archives.ts';
import { createManifestRenderer } from '../../adapters/charts/renderer.ts';
import { sweepWorkDirectories } from '../../adapters/charts/work-directory.ts';
import type { Secret } from '../../model/secret.ts';
import type { ManifestRenderer } from '../../ports/manifest-renderer.ts';
import type { ChartsConfig } from './charts-config.ts';

export interface OpenRendererOptions {
  readonly stateDir: string;
  /** Nobody else renders on this state directory: what is left of another process goes. */
  readonly exclusive: boolean;
  /** Looks up a secret of the operator. Throws SECRET_NOT_FOUND. */
  readonly resolve: (reference: string) => Secret;
}

/** Programs for charts and overlays; `null` where the operator has set up none. */
export async function openRenderer(
  config: ChartsConfig | null,
  { stateDir, exclusive, resolve }: OpenRendererOptions,
): Promise<ManifestRenderer | null> {
  if (config === null) return null;
  const directory = join(stateDir, 'charts');
  if (exclusive) {
    await sweepWorkDirectories(directory);
    await sweepArchives(join(directory, 'archives'));
  }
  const { credentials = [], ...rest } = config;
  // Looked up for each use: a file of the state directory may be another one by then.
  const access = credentials.map(({ password, ...one }) => ({ ...one, password: () => resolve(password) }));
  return createManifestRenderer({ ...rest, access, directory });
}
