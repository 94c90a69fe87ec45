import { clusterOf } from '../config/kombination/cluster-node.ts';
import type { DesiredResource } from '../model/resource.ts';
import { hashSpec, resourceId } from '../model/resource.ts';
import type { ServiceModel } from '../config/kombination/kombination.ts';
import type { DesiredHook } from '../model/stack.ts';
import { defined } from '../base/values.ts';
import { renderContainer } from './container.ts';
import { renderClusterHook } from './kubernetes/hook.ts';
import type { RenderClusterOptions } from './kubernetes/kombination.ts';
import { createPositionOf } from './names.ts';

/**
 * The one-off containers of a stack. They are no resources: nothing compares them with what runs.
 *
 * @param resources of the stack: a hook may run an image that the stack builds
 */
export function renderHooks(
  options: RenderClusterOptions,
  resources: readonly DesiredResource[],
): readonly DesiredHook[] {
  const { analysis, file, lookup } = options;
  const positionOf = createPositionOf(analysis.document, file);
  const { name: stack } = analysis.kombination;
  return analysis.hooks.map((hook) => {
    const { stage, name, service, timeoutMs } = hook;
    if (clusterOf(analysis.kombination, service)) {
      const job = renderClusterHook(hook, options);
      return { stage, name, timeoutMs, resource: job, image: imageFor(service, job, []) };
    }
    const rendered = renderContainer({ service, number: 1, analysis, positionOf, lookup });
    const spec = { ...rendered.spec, name: `${stack}-hook-${stage}-${name}` };
    const resource = { ...rendered, spec };
    return { stage, name, timeoutMs, resource, image: imageFor(service, resource, resources) };
  });
}

function imageFor(
  { image: reference = '', pullPolicy = 'missing', options }: ServiceModel,
  { target, origin }: DesiredResource,
  resources: readonly DesiredResource[],
): DesiredResource {
  const id = resourceId(target, 'image', reference);
  const known = resources.find(
    ({ kind, name, spec }) => kind === 'image' && name === reference && 'build' in spec,
  );
  if (known !== undefined) return { ...known, id, target };
  const spec = defined({ reference, pullPolicy, platform: options.platform });
  const image = { id, target, kind: 'image', name: reference, spec, hash: hashSpec(spec, []) };
  return { ...image, updatable: [], dependsOn: [], origin, shared: true };
}
