import type { DraftNode, GraphBuilder } from './graph-builder.ts';
import type { ReadService } from './read-services.ts';
import type { Remarks } from './remarks.ts';
import { readVariables } from './variables.ts';

/** Names that are keys of configmaps and secrets. */
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

/**
 * Variables of a service: plain ones in a configmap, all others in a secret that knows their names only. Those that can be no keys stand in the
 * workload itself.
 */
export function addVariables(
  graph: GraphBuilder,
  { name, fields }: ReadService,
  { workload, remarks }: { readonly workload: DraftNode; readonly remarks: Remarks },
): void {
  const plain = new Map<string, string>();
  const inPlace = new Map<string, string>();
  const hidden: string[] = [];
  for (const variable of readVariables(fields.env)) {
    const place = `services.${name}.environment.${variable.name}`;
    if (!KEY.test(variable.name)) {
      if (variable.kind === 'plain') inPlace.set(variable.name, variable.value);
      else remarks.warn(place, 'is left out: it can be no key of a secret');
    } else if (variable.kind === 'plain') plain.set(variable.name, variable.value);
    else {
      hidden.push(variable.name);
      remarks.warn(place, WHY[variable.kind]);
    }
  }
  if (plain.size > 0) {
    const node = graph.add('configmap', `${workload.name}-config`);
    Object.assign(node.data, { data: Object.fromEntries(plain), mountPath: `/etc/config/${node.name}` });
    graph.connect(node, workload);
  }
  if (hidden.length > 0) {
    const node = graph.add('secret', `${workload.name}-secrets`);
    Object.assign(node.data, {
      keys: hidden.map((key) => ({ name: key })),
      mountPath: `/etc/secrets/${node.name}`,
    });
    graph.connect(node, workload);
  }
  if (plain.size + hidden.length > 0) workload.data['envKeys'] = [...plain.keys(), ...hidden];
  if (inPlace.size > 0) workload.data['env'] = Object.fromEntries(inPlace);
}

const WHY = {
  secret: 'its value is not taken over: give it with the run',
  unknown: 'its value is not known here: give it with the run',
} as const;
