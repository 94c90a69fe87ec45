import type { DesiredHook } from '../model/stack.ts';
import { renderContainer } from './container.ts';
import type { RenderOptions } from './docker.ts';
import type { Locate } from './names.ts';

/** The one-off containers of a stack. They are no resources: nothing compares them with what runs. */
export function renderHooks({ assessment, file, lookup }: RenderOptions): readonly DesiredHook[] {
  const locate: Locate = (path, at = 'key') => ({ file, ...assessment.document.position(path, at) });
  const { name: stack } = assessment.kombination;
  return assessment.hooks.map(({ stage, name, service, timeoutMs }) => {
    const resource = renderContainer({ service, assessment, locate, lookup });
    const spec = { ...resource.spec, name: `${stack}-hook-${stage}-${name}` };
    return {
      stage,
      name,
      timeoutMs,
      resource: { ...resource, spec },
      pullPolicy: service.pullPolicy ?? 'missing',
    };
  });
}
