import { idOf } from '../../base/ids.ts';
import { groupOf } from '../../model/kubernetes/kubernetes-object.ts';
import type { SeenObject } from '../../ports/inventory/inventory.ts';

/**
 * Makes the id of an object, 24 hex digits, of where it is and what it is called: it stays when its node is given another name, the object is made
 * anew, or the store is lost. The version of its API says nothing.
 *
 * @param place `targetKey`
 */
export function objectId(
  place: string,
  { apiVersion, kind, namespace, name }: Pick<SeenObject, 'apiVersion' | 'kind' | 'namespace' | 'name'>,
): string {
  return idOf('object', [place, groupOf(apiVersion), kind, namespace ?? '', name].join('\0'));
}
