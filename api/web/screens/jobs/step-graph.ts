import type { StepView } from '../../client/api-types.ts';

interface PlacedStep {
  readonly step: StepView;
  /** Steps that come before it, one after the other. */
  readonly depth: number;
  /** Names of those that it waits for. */
  readonly after: readonly string[];
}

/** Puts each step below what it waits for. Where nobody tells that, all are beside each other. */
export function layOutSteps(steps: readonly StepView[]): readonly PlacedStep[] {
  const byIndex = new Map(steps.map((step) => [step.index, step]));
  const depths = new Map<number, number>();
  const depthOf = (index: number, path: ReadonlySet<number>): number => {
    const known = depths.get(index);
    if (known !== undefined) return known;
    const before = (byIndex.get(index)?.depends_on ?? []).filter((one) => byIndex.has(one) && !path.has(one));
    const below = new Set(path).add(index);
    const depth = before.length === 0 ? 0 : 1 + Math.max(...before.map((one) => depthOf(one, below)));
    depths.set(index, depth);
    return depth;
  };
  return steps
    .map((step) => ({
      step,
      depth: depthOf(step.index, new Set()),
      after: (step.depends_on ?? []).flatMap((one) => {
        const found = byIndex.get(one);
        return found === undefined ? [] : [readStepName(found.name).thing];
      }),
    }))
    .toSorted((a, b) => a.depth - b.depth || a.step.index - b.step.index);
}

interface StepName {
  readonly node: string | null;
  readonly kind: string | null;
  readonly thing: string;
}

/** Reads `node/kind/name`; anything else is a name. */
export function readStepName(name: string): StepName {
  const [node = '', kind = '', ...rest] = name.split('/');
  return rest.length === 0 ? { node: null, kind: null, thing: name } : { node, kind, thing: rest.join('/') };
}

/** Reads how far an image has come: `pulling nginx:1 (42 %)`. */
export function readPull(message: string | null): { readonly text: string; readonly percent: number } | null {
  const found = /^(pulling .+?) \((\d+) %\)$/.exec(message ?? '');
  const [, text, percent] = found ?? [];
  return text === undefined
    ? null
    : { text: text.replace('pulling', 'fetching image'), percent: Number(percent) };
}
