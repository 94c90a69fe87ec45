import type { JsonObject } from '../../base/json.ts';
import { ApiError } from './api/api-error.ts';
import type { KindInfo } from './api/discovery.ts';
import { pathOf } from './api/discovery.ts';
import type { LiveObject } from './cache/live-object.ts';
import { isLiveObject, MANAGER } from './cache/live-object.ts';
import type { Cluster } from './cluster.ts';

export interface WireOptions {
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** Sends a server-side apply, for real or as a dry run. Throws `ApiError`. */
export async function sendApply(
  { client }: Cluster,
  kind: KindInfo,
  wire: JsonObject,
  { dryRun, force, signal }: WireOptions,
): Promise<{ readonly object: LiveObject; readonly created: boolean }> {
  const metadata = wire['metadata'] as LiveObject['metadata'];
  const { status, body } = await client.request({
    method: 'PATCH',
    path: pathOf(kind, metadata),
    query: {
      fieldManager: MANAGER,
      fieldValidation: 'Strict',
      ...(dryRun ? { dryRun: 'All' } : {}),
      ...(force ? { force: 'true' } : {}),
    },
    body: wire,
    contentType: 'application/apply-patch+yaml',
    signal,
  });
  if (!isLiveObject(body)) throw new ApiError(status, undefined, 'the answer to an apply was no object');
  return { object: body, created: status === 201 };
}
