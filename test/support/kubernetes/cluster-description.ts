import type { ObjectSpec } from '../../../reconciler/model/kubernetes/kubernetes-object.ts';
import type { DesiredStack } from '../../../reconciler/model/stack.ts';
import { asFields, asList } from '../../../reconciler/base/values.ts';
import { briefDiagnostics, createDesiredFixture } from '../desired-fixtures.ts';
import type { MemoryFiles } from '../memory/memory-source.ts';

export const CLUSTER = { 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' };
export const NODE = '{ name: prod, type: kubernetes }';
const secrets = { 'secret://file/db': 'hunter2', 'secret://env/TOKEN': 'sesame' };

export interface Described {
  readonly stack: DesiredStack;
  /** `error UNSUPPORTED_KEY services.web.devices` */
  readonly found: readonly string[];
  readonly messages: readonly string[];
  /** Returns the spec of a resource of this kind and name. */
  spec(kind: string, name: string): ObjectSpec;
}

/** A stack `shop` with these services (or more) on the cluster. */
export async function describeStack(
  services: Readonly<Record<string, string>>,
  {
    nodes = [NODE],
    more = '',
    files = {},
  }: { nodes?: readonly string[]; more?: string; files?: MemoryFiles } = {},
): Promise<Described> {
  const { state, push } = createDesiredFixture({ secrets });
  const lines = Object.entries(services).map(([name, text]) => `  ${name}: { ${text} }\n`);
  const text = `version: "1.0"\nmeta: { name: shop, domain: example.org }\nnodes: [${nodes.join(', ')}]\nservices:\n${lines.join('')}${more}`;
  await push({ ...CLUSTER, ...files, 'kombinations/shop/kombination.yaml': text });
  const stack = state.get('shop');
  if (!stack) throw new Error('there is no stack');
  return {
    stack,
    found: briefDiagnostics(stack.diagnostics).map((line) => line.replace(/^\S+ /, '')),
    messages: stack.diagnostics.map(({ message }) => message),
    spec(kind, name) {
      const found = stack.resources.find((one) => one.kind === kind && one.name === `shop/${name}`);
      if (!found) throw new Error(`no ${kind} ${name} in ${stack.resources.map(({ id }) => id).join(' ')}`);
      return found.spec as ObjectSpec;
    },
  };
}

/** Returns the pod of a workload. */
export const podOf = (object: ObjectSpec) =>
  asFields(asFields(asFields(object['spec'])?.['template'])?.['spec']) ?? {};
export const containerOf = (object: ObjectSpec) => asFields(asList(podOf(object)['containers'])?.[0]) ?? {};

export const WEB = 'image: "nginx:1.29"';
