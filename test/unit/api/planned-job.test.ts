import { expect, it } from 'vitest';
import { toPlannedJob } from '../../../api/dialects/kombify/job-view.ts';
import type { JobDetail } from '../../../reconciler/index.ts';
import type { ResourceId } from '../../../reconciler/model/resource.ts';
import type { Change } from '../../../reconciler/plan/plan.ts';
import { buildJob, buildStep, buildStoredPlan } from '../../support/records.ts';

const step = (index: number, name: string) => buildStep('job_1', index, { name });
const change = (name: string, ...before: readonly string[]): Change => ({
  id: name as ResourceId,
  action: 'create',
  target: 'local',
  kind: 'container',
  name,
  before: null,
  after: {},
  fields: [],
  cause: 'not there yet',
  origin: null,
  dependsOn: before.map((id) => ({ id: id as ResourceId, until: 'healthy' })),
  verify: false,
});

it('says of each step which others come before it, where the plan tells', () => {
  const steps = [step(0, 'observe'), step(1, 'network'), step(2, 'db'), step(3, 'web')];
  const detail: JobDetail = { job: buildJob(1), steps, logs: [] };
  const changes = [change('network'), change('db', 'network'), change('web', 'db', 'network', 'gone')];

  const { steps: told } = toPlannedJob(detail, { ...buildStoredPlan('shop'), changes });

  expect(told.map((one) => ('depends_on' in one ? one.depends_on : null))).toEqual([[], [], [1], [2, 1]]);
  expect(toPlannedJob(detail, undefined).steps[3]).not.toHaveProperty('depends_on');
});
