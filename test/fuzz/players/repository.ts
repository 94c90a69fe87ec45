import { buildContainerConfig } from '../../../reconciler/adapters/docker/containers/container-config.ts';
import { isContainerSpec } from '../../../reconciler/adapters/docker/containers/specs.ts';
import { hasErrors } from '../../../reconciler/base/diagnostic.ts';
import { isReconcilerError } from '../../../reconciler/base/errors.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { homePolicy, OPEN_POLICY } from '../../../reconciler/model/operator-policy.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import { formatPlan } from '../../../reconciler/plan/format-plan.ts';
import type { DesiredState } from '../../../reconciler/ports/desired.ts';
import type { Store } from '../../../reconciler/ports/store.ts';
import { createReconciler } from '../../../reconciler/run/create-reconciler.ts';
import type { Reconciler } from '../../../reconciler/public/reconciler.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';
import type { MemorySource } from '../../support/memory/memory-source.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import { createEverySecret } from '../secrets.ts';
import { checkFindings, checkShown, toViolation } from '../checks.ts';
import type { FuzzInput, Outcome, Violation } from '../input.ts';
import { playImport } from './import.ts';

const SIGNAL = new AbortController().signal;
const FORMATS = ['compose', 'opentofu', 'traefik', 'kubernetes'] as const;
/** Errors that a push may end with as a whole. */
const REFUSALS = ['EMPTY_REPOSITORY'] as const;
/** Errors that a plan may end with although nothing is wrong with the description. */
const UNPLANNED = ['TARGET_UNSUPPORTED', 'TARGET_UNREACHABLE'] as const;

export interface RepositoryPlayerOptions {
  readonly store: Store;
}

/**
 * Pushes an input into an empty repository and goes the way of a push: read, check, render, plan against targets that have nothing; then what can be
 * asked of it. Odd seeds are under the policy for homes, even ones under none.
 */
export async function playRepository(input: FuzzInput, { store }: RepositoryPlayerOptions): Promise<Outcome> {
  const source = createMemorySource();
  const violations: Violation[] = [];
  push(source, input);
  const desired = createDesiredState({
    source,
    secrets: createEverySecret(),
    checkSchema,
    policy: input.seed % 2 === 0 ? OPEN_POLICY : homePolicy(),
  });
  const logger = createQuietLogger();
  await using reconciler = createReconciler({
    source,
    desired,
    store,
    logger,
    clock: createFastClock(),
    createTarget: (reference) => createMemoryTarget({ name: targetKey(reference) }),
  });
  try {
    await reconciler.refresh(SIGNAL);
  } catch (error) {
    if (!REFUSALS.some((code) => isReconcilerError(error, code)))
      violations.push(toViolation('a push is not read', error));
    // A push that is refused as a whole is still checked file by file, as the command does.
    checkFiles(desired, input, violations);
    return { accepted: false, violations };
  }
  const { diagnostics } = reconciler.repository();
  violations.push(...checkFindings(diagnostics));
  if (input.kind === 'compose' && input.seed % 4 === 0) violations.push(...playImport(input));
  // Stacks with errors go the same way once more to be shown: now and then is enough.
  const names = hasErrors(diagnostics) && input.seed % 4 !== 0 ? [] : desired.names();
  let accepted = false;
  for (const name of names)
    if (await playStack(name, { desired, reconciler, violations, seed: input.seed })) accepted = true;
  // These go the same way again, mostly: now and then is enough.
  if (input.seed % 8 < 2) checkFiles(desired, input, violations);
  if (input.seed % 8 === 1)
    await attempt('the policy is not suggested', violations, async () => {
      violations.push(...checkShown('policy suggest', await reconciler.suggestPolicy(SIGNAL)));
    });
  return { accepted, violations };
}

function push(source: MemorySource, { parts }: FuzzInput): void {
  const files = new Map(parts.map((part) => [part.name, part]));
  source.pushWrites(
    [...files.values()].map(({ name, text, type = 'file' }) => ({ path: name, content: text, type })),
  );
}

interface World {
  readonly desired: DesiredState;
  readonly reconciler: Reconciler;
  readonly violations: Violation[];
  readonly seed: number;
}

/** @returns whether it was planned */
async function playStack(name: string, { desired, reconciler, violations, seed }: World): Promise<boolean> {
  const stack = desired.get(name);
  if (stack === undefined) {
    violations.push({ rule: 'a stack is listed and not there', place: '', detail: name });
    return false;
  }
  violations.push(...checkFindings(stack.diagnostics));
  await attempt('a stack is not shown', violations, () => Promise.resolve(reconciler.getStack(name)));
  if (hasErrors(stack.diagnostics)) return false;
  const isPlanned = await attempt('what is valid is not planned', violations, async () => {
    const { plan } = await reconciler.plan(
      { stack: name, mode: 'apply', trigger: 'api', actor: null },
      SIGNAL,
    );
    violations.push(...checkShown('plan', formatPlan(plan, { verbose: true })));
  });
  await attempt('what is valid makes no container', violations, () => {
    for (const { kind, spec } of stack.resources)
      if (kind === 'container' && isContainerSpec(spec))
        buildContainerConfig(spec, { labels: {}, api: '1.47' });
    return Promise.resolve();
  });
  if (stack.kind === 'kombination') {
    const format = FORMATS[seed % FORMATS.length] ?? 'compose';
    await attempt(`what is valid is not generated (${format})`, violations, async () => {
      await reconciler.generate({ subject: { stack: name }, format }, SIGNAL);
    });
  }
  return isPlanned;
}

/** Each file by itself, as `validate` of the command and the API have it. */
function checkFiles({ check }: DesiredState, { parts }: FuzzInput, violations: Violation[]): void {
  for (const { name, text, type } of parts)
    if (type === undefined || type === 'file') {
      try {
        violations.push(...checkFindings(check(text, name).diagnostics));
      } catch (error) {
        violations.push(toViolation('a text is not checked', error));
      }
    }
}

async function attempt(
  rule: string,
  violations: Violation[],
  work: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const isExpected = UNPLANNED.some((code) => isReconcilerError(error, code));
    if (!isExpected) violations.push(toViolation(rule, error));
    return false;
  }
}
