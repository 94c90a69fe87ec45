import type { Job, Plan, PlanResult } from '../../../reconciler/index.ts';
import { formatSummary, hasChanges } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { applyStack, ConfirmationRequiredError, planStack, waitForJob } from '../../operations/plans.ts';
import type { StackApplyRequest } from '../../operations/plans.ts';
import { WAITED_ANSWERS, toEndedJob } from './ended-job.ts';
import { toJob } from './job-view.ts';
import { answers } from './answers.ts';
import { PLAN_MEMBERS, PLAN_OPTIONAL, record, refer } from './schemas.ts';
import { STACK_ID } from './stack-routes.ts';

const TAG = 'Stacks';

interface PlanBody {
  readonly mode?: 'apply' | 'destroy';
  readonly volumes?: boolean;
  readonly newest?: boolean;
}

interface ApplyBody extends PlanBody {
  readonly plan_id?: string;
  readonly plan?: Plan;
  readonly confirm?: boolean;
  readonly override_freeze?: boolean;
  readonly override_hold?: boolean;
}

const PLAN_BODY = {
  mode: { enum: ['apply', 'destroy'], description: 'Default apply.' },
  volumes: {
    type: 'boolean',
    description: 'Delete volumes that nothing describes any more, too. Default false.',
  },
  newest: {
    type: 'boolean',
    description:
      'Ask registries what moving tags stand for by now, whatever the pull policies say; digests are never moved. A plan remembers it. Default false.',
  },
};

const planBody = shape<PlanBody>({ type: 'object', additionalProperties: false, properties: PLAN_BODY });

const applyBody = shape<ApplyBody>({
  type: 'object',
  additionalProperties: false,
  properties: {
    ...PLAN_BODY,
    plan_id: { type: 'string', description: 'A plan made here earlier; refused when it no longer holds.' },
    plan: {
      ...record({ ...PLAN_MEMBERS, diagnostics: { type: 'array' } }, PLAN_OPTIONAL),
      description: 'A whole saved plan document.',
    },
    confirm: {
      type: 'boolean',
      description: 'A yes to every confirmation the plan asks for. Default false.',
    },
    override_freeze: {
      type: 'boolean',
      description: 'Also while a freeze window of the operator is open; for admins only. Default false.',
    },
    override_hold: {
      type: 'boolean',
      description: 'Also while somebody holds the stack, else 409 (HELD). Default false.',
    },
  },
});

const applyQuery = shape<{ readonly wait?: boolean }>({
  type: 'object',
  properties: { wait: { type: 'boolean', description: 'Answer when the job has ended. Default false.' } },
});

export const planRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/plan',
    id: 'planStack',
    tag: TAG,
    summary: 'Preview changes without applying',
    access: 'deployer',
    params: STACK_ID,
    body: { json: planBody },
    responses: { 200: answers('The plan document, and where it is kept.', refer('PlanAnswer')) },
    async handle({ params, body, identity, signal }, deps: ApiDeps) {
      const { mode = 'apply', volumes = false, newest = false } = body;
      const request = { stack: params['id'] ?? '', mode, volumes, newest, actor: identity };
      return ok(toPlanAnswer(await planStack(deps, request, signal)));
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/apply',
    id: 'applyStack',
    tag: TAG,
    summary: 'Apply stack to infrastructure',
    description:
      'Answers the queued job; with wait=true the ended one, with its steps and logs, or the error that it failed with.',
    access: 'deployer',
    params: STACK_ID,
    query: applyQuery,
    body: { json: applyBody },
    responses: {
      200: answers('The job.', { anyOf: [refer('JobDetail'), refer('Job')] }),
      ...WAITED_ANSWERS,
    },
    async handle({ params, query, body, identity, signal }, deps: ApiDeps) {
      const stack = params['id'] ?? '';
      const plan = findPlan(deps, body, stack);
      const { mode = plan?.mode ?? 'apply', volumes = false, confirm = false, newest = false } = body;
      const overrideFreeze = body.override_freeze === true;
      if (overrideFreeze && identity.role !== 'admin')
        throw new HttpProblem('FORBIDDEN', 'override_freeze is for admins only');
      const overrides = { overrideFreeze, overrideHold: body.override_hold === true };
      const request = { stack, mode, volumes, newest, confirm, ...overrides, plan, actor: identity };
      const job = await applyOrExplain(deps, request);
      return ok(query.wait === true ? toEndedJob(await waitForJob(deps, job.id, signal)) : toJob(job));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/plans/:id',
    id: 'getPlan',
    tag: TAG,
    summary: 'Get a plan document',
    access: 'viewer',
    params: { id: 'Id that making the plan answered.' },
    responses: { 200: answers('The plan document alone.', refer('Plan')) },
    handle: ({ params }, deps: ApiDeps) => ok(readPlan(deps, params['id'] ?? '')),
  }),
];

function toPlanAnswer({ plan, planId, job }: PlanResult) {
  return {
    ...plan,
    plan_id: planId,
    job_id: job.id,
    stack_id: plan.stack,
    has_changes: hasChanges(plan),
    summary_text: formatSummary(plan.summary),
  };
}

function findPlan(deps: ApiDeps, body: ApplyBody, stack: string): Plan | null {
  if (body.plan !== undefined && body.plan_id !== undefined)
    throw mismatch('plan', 'cannot stand beside plan_id');
  const plan = body.plan ?? (body.plan_id === undefined ? null : readPlan(deps, body.plan_id));
  if (plan === null) return null;
  const field = body.plan === undefined ? 'plan_id' : 'plan';
  if (plan.stack !== stack) throw mismatch(field, `is a plan for stack ${plan.stack}, not ${stack}`);
  if (body.mode !== undefined && body.mode !== plan.mode)
    throw mismatch('mode', `must be ${plan.mode}, as planned`);
  return plan;
}

function readPlan({ reconciler }: ApiDeps, id: string): Plan {
  const plan = reconciler.getPlan(id);
  if (plan === undefined) throw new HttpProblem('NOT_FOUND', `there is no plan ${id}`);
  return plan;
}

function mismatch(field: string, message: string): HttpProblem {
  return new HttpProblem('VALIDATION_ERROR', `${field} ${message}`, { details: [{ field, message }] });
}

/** Applies, or answers 409 with details that list what needs a yes. */
async function applyOrExplain(deps: ApiDeps, request: StackApplyRequest): Promise<Job> {
  try {
    return await applyStack(deps, request);
  } catch (error) {
    if (!(error instanceof ConfirmationRequiredError)) throw error;
    const details = error.confirmations.map(({ code, message }) => ({ field: 'confirm', message, code }));
    throw new HttpProblem('CONFLICT', error.message, { details, reason: error.code, cause: error });
  }
}
