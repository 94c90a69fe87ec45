import { join } from 'node:path';
import { createManifestRenderer } from '../../adapters/charts/renderer.ts';
import { sweepWorkDirectories } from '../../adapters/charts/work-directory.ts';
import type { ManifestRenderer } from '../../ports/manifest-renderer.ts';
import type { ChartsConfig } from './charts-config.ts';

export interface OpenRendererOptions {
  readonly stateDir: string;
  /** Nobody else renders on this state directory: what is left of another process goes. */
  readonly exclusive: boolean;
}

/** Programs for charts and overlays; `null` where the operator has set up none. */
export async function openRenderer(
  config: ChartsConfig | null,
  { stateDir, exclusive }: OpenRendererOptions,
): Promise<ManifestRenderer | null> {
  if (config === null) return null;
  const directory = join(stateDir, 'charts');
  if (exclusive) await sweepWorkDirectories(directory);
  return createManifestRenderer({ ...config, directory });
}
