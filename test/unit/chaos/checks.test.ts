import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../chaos/checks/checks.ts';
import type { DaemonVitals, Observation, SoundStack } from '../../chaos/checks/observation.ts';
import type { DeployTag } from '../../chaos/parts/repository.ts';
import { breakWith, removeStack } from '../../chaos/world/mutations.ts';
import { buildModel } from './builders.ts';

const model = buildModel();
const VITALS: DaemonVitals = {
  pid: 1,
  heapBytes: 2 ** 25,
  bufferBytes: 2 ** 20,
  residentBytes: 2 ** 27,
  handles: 5,
  timers: 5,
  listeners: 100,
  descriptors: 40,
};
const TAGS = ['s1', 's2', 's3'].map((stack) => tag(stack, 1));

function tag(stack: string, number: number, more: Partial<DeployTag> = {}): DeployTag {
  return {
    name: `deploy/${stack}/${number}`,
    stack,
    number,
    commit: 'c1',
    isRemoval: false,
    trigger: 'push',
    ...more,
  };
}

function job(more: object = {}): object {
  const plain = {
    id: 'j1',
    type: 'deploy',
    status: 'completed',
    stack_id: 's1',
    trigger: 'push',
    revision: 'c1',
  };
  return { ...plain, summary: { create: 1 }, tag: 'deploy/s1/1', completed_at: 'then', ...more };
}

function soundStack(name: string, more: Partial<SoundStack> = {}): readonly [string, SoundStack] {
  const deployment = { tag: `deploy/${name}/1` };
  const plain = {
    detail: { name, state: 'in_sync', deployment },
    plan: { status: 200, body: { has_changes: false, changes: [] } },
    deployments: [deployment],
    isReleaseDeployed: true,
  };
  return [name, { ...plain, ...more }];
}

/** All is as it should be, but for what is given. */
function observation(more: Partial<Observation> = {}): Observation {
  return {
    model,
    modelOf: (commit) => (commit === 'c1' ? model : undefined),
    differences: [],
    lostVolumes: [],
    tags: TAGS,
    jobs: [job()],
    jobDetails: new Map([['j1', job()]]),
    stacks: Object.keys(model.stacks).map((name) => ({ name, state: 'in_sync' })),
    sound: new Map(Object.keys(model.stacks).map((name) => soundStack(name))),
    listedTags: TAGS.map(({ name }) => name),
    storeCheck: 'ok',
    log: '',
    vitals: VITALS,
    firstVitals: VITALS,
    ...more,
  };
}

function violated(more: Partial<Observation>): string[] {
  const observed = observation(more);
  return CHECKS.filter((check) => check.find(observed).length > 0).map(({ name }) => name);
}

it('nothing is violated when all is as it should be', () => {
  expect(violated({})).toEqual([]);
});

describe('the check', () => {
  const withTags = (tags: readonly DeployTag[]) => ({ tags, listedTags: tags.map(({ name }) => name) });
  const other = { ...model, stacks: { ...model.stacks, s1: { ...model.stacks['s3']! } } };

  it.each<{ check: string; when: string; of: Partial<Observation> }>([
    { check: 'runs-head', when: 'a container is wrong', of: { differences: [{ kind: 'wrong', text: 'x' }] } },
    { check: 'nothing-left', when: 'a network is left', of: { differences: [{ kind: 'left', text: 'x' }] } },
    {
      check: 'nothing-doubled',
      when: 'a network is there twice',
      of: { differences: [{ kind: 'double', text: 'x' }] },
    },
    { check: 'volumes-kept', when: 'a volume is gone', of: { lostVolumes: ['x'] } },
    {
      check: 'plan-empty',
      when: 'a plan has changes',
      of: {
        sound: new Map([
          ...observation().sound,
          planned({ has_changes: true, changes: [{ action: 'create' }] }),
        ]),
      },
    },
    {
      check: 'jobs-ended',
      when: 'a job goes on',
      of: { jobs: [job({ status: 'running', completed_at: null })], jobDetails: new Map() },
    },
    {
      check: 'jobs-true',
      when: 'a job has no tag',
      of: { jobs: [job({ tag: null })], jobDetails: new Map() },
    },
    {
      check: 'jobs-true',
      when: 'its tag is not there',
      of: { jobs: [job({ tag: 'deploy/s1/9' })], jobDetails: new Map() },
    },
    {
      check: 'lists-agree',
      when: 'a job is shown otherwise',
      of: { jobDetails: new Map([['j1', job({ status: 'failed' })]]) },
    },
    {
      check: 'lists-agree',
      when: 'a stack is listed otherwise',
      of: {
        stacks: [
          { name: 's1', state: 'failed' },
          { name: 's2', state: 'in_sync' },
          { name: 's3', state: 'in_sync' },
        ],
      },
    },
    {
      check: 'newest-tag',
      when: 'what runs has no tag',
      of: { ...withTags(TAGS.slice(1)), jobs: [], sound: new Map([...observation().sound].slice(1)) },
    },
    { check: 'store-sound', when: 'the database is damaged', of: { storeCheck: 'row 1 missing from index' } },
    { check: 'log-quiet', when: 'Node warns', of: { log: '(node:7) MaxListenersExceededWarning: leak\n' } },
    { check: 'flat', when: 'listeners pile up', of: { vitals: { ...VITALS, listeners: 5_000 } } },
  ])('$check sees when $when', ({ check, of }) => {
    const found = violated(check === 'newest-tag' ? { ...of, sound: observation().sound } : of);

    expect(found).toContain(check);
  });

  it('tags-true sees gaps, unknown commits, and tags on what is broken or absent', () => {
    const find = (tags: readonly DeployTag[], modelOf: Observation['modelOf'] = () => model) =>
      CHECKS.find(({ name }) => name === 'tags-true')!.find(observation({ tags, modelOf }));

    expect(find([tag('s1', 2)])).toEqual(['deploy/s1/2: there is no number 1']);
    expect(find([tag('s1', 1)], () => undefined)[0]).toContain('nobody pushed');
    expect(find([tag('s1', 1)], () => breakWith(model, 's1', { kind: 'schema' }).model)[0]).toContain(
      'broken',
    );
    expect(find([tag('s1', 1)], () => removeStack(model, 's1').model)[0]).toContain('not described');
    expect(find([tag('s1', 1, { isRemoval: true })])[0]).toContain('a removal where');
  });

  it('newest-tag sees another description, and removed stacks without a removal', () => {
    expect(violated({ modelOf: () => other })).toEqual(['newest-tag']);
    const { model: without } = removeStack(model, 's3');
    const sound = new Map(['s1', 's2'].map((name) => soundStack(name)));
    expect(violated({ model: without, sound })).toEqual(['newest-tag']);
  });

  it('history-agrees sees what is shown, listed or released otherwise', () => {
    const sound = (more: Partial<SoundStack>) => new Map([...observation().sound, soundStack('s1', more)]);

    expect(violated({ sound: sound({ isReleaseDeployed: false }) })).toEqual(['history-agrees']);
    expect(violated({ sound: sound({ deployments: [] }) })).toEqual(['history-agrees']);
    expect(violated({ listedTags: [] })).toEqual(['history-agrees']);
    expect(violated({ listedTags: [...TAGS.map(({ name }) => name), 'deploy/s1/2'] })).toEqual([
      'history-agrees',
    ]);
  });

  it('jobs-true sees success for a broken description', () => {
    const broken = breakWith(model, 's1', { kind: 'schema' }).model;

    const find = CHECKS.find(({ name }) => name === 'jobs-true')!.find;

    expect(find(observation({ modelOf: () => broken }))[0]).toContain('success for a broken description');
  });
});

function planned(body: object): readonly [string, SoundStack] {
  return soundStack('s1', { plan: { status: 200, body } });
}
