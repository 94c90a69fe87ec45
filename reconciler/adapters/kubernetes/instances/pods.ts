import { asFields, asList } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { isLiveObject } from '../cache/live-object.ts';
import { ID_LABEL, OWNER_LABEL } from './objects.ts';
import type { ClusterInstancesOptions } from './options.ts';

/** Lists the pods of an instance. */
export async function podsOf(
  { client, namespace, owner }: ClusterInstancesOptions,
  id: string,
  signal: AbortSignal,
): Promise<readonly LiveObject[]> {
  const query = { labelSelector: `${OWNER_LABEL}=${owner()},${ID_LABEL}=${id}` };
  const { body } = await client.request({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/pods`,
    query,
    signal,
  });
  return (asList(asFields(body)?.['items']) ?? []).filter(isLiveObject);
}
