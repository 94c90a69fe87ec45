import { asFields, asList, asString } from '../../base/values.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import type { Plan } from '../../plan/plan.ts';

type Placed = Pick<DesiredStack, 'targets'>;

/**
 * Tells whether a stack gives up a container whose ports the stack before it wants, such as a proxy that moves from one stack to another: each
 * would wait for the other.
 */
export function givesUpPorts(
  { changes }: Pick<Plan, 'changes'>,
  { targets }: Placed,
  before: Pick<DesiredStack, 'targets' | 'resources'> | undefined,
): boolean {
  if (before === undefined) return false;
  const given = changes
    .filter(({ action, kind }) => action === 'delete' && kind === 'container')
    .flatMap(({ target, before: spec }) => portKeys(target, asFields(spec)?.['ports'], targets));
  if (given.length === 0) return false;
  const wanted = new Set(
    before.resources.flatMap(({ target, spec }) => portKeys(target, spec['ports'], before.targets)),
  );
  return given.some((key) => wanted.has(key));
}

function portKeys(target: string, ports: unknown, targets: readonly TargetReference[]): readonly string[] {
  const reference = targets.find(({ name }) => name === target);
  if (reference === undefined) return [];
  return (asList(ports) ?? []).flatMap((port) => {
    const { hostPort, protocol } = asFields(port) ?? {};
    return typeof hostPort === 'number'
      ? [`${targetKey(reference)} ${hostPort}/${asString(protocol) ?? ''}`]
      : [];
  });
}
