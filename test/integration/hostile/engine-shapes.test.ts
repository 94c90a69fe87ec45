import { expect, it } from 'vitest';
import { isReconcilerError } from '../../../reconciler/base/errors.ts';
import { changeOf, contextFor } from '../../support/docker/docker-resources.ts';
import type { Answer, Call } from '../../support/hostile/hostile-engine.ts';
import { readNumber } from '../../support/numbers/read-number.ts';
import { CALLS, hostileEngine, resourcesOfShop, STACK } from '../../support/hostile/hostile-engine.ts';

/** Answers of the right content type that have another shape than the call's. */
const SHAPES = [
  'null',
  '{}',
  '[]',
  '0',
  '"x"',
  'true',
  '',
  '{"Volumes":0}',
  '{"Volumes":[null,0,"x",[],{}]}',
  '[null]',
  '[0,"x",true,[],{}]',
  '[{"Id":null,"Name":5,"Names":5,"Labels":7,"State":{},"NetworkSettings":[],"Mounts":"x","Ports":{},"Created":"x"}]',
  '[{"Id":"a","Name":"b","Names":[null,{}],"Labels":{"io.kombinator.stack":1,"io.kombinator.resource":{}},"NetworkSettings":{"Networks":{"n":null}},"Mounts":[null],"Ports":[null]}]',
  '{"Id":{},"Name":[],"Names":{},"Labels":[],"Config":null,"State":null,"HostConfig":null,"NetworkSettings":null,"Descriptor":null}',
  '{"Id":"a","Config":{"Labels":"x","Env":{}},"State":{"Status":{},"Health":{"Log":{}}},"HostConfig":{"RestartPolicy":[]},"NetworkSettings":{"Networks":{"x":1}},"Containers":{"c":null}}',
  '{"__proto__":{"Id":"x"},"constructor":1,"toString":null,"Labels":{"__proto__":"x"}}',
  '{"ApiVersion":{},"MinAPIVersion":[]}',
  '{"ExitCode":"x","Running":"yes","SystemTime":{},"NCPU":"x","CgroupVersion":[]}',
];

/** Each call gets one of so many shapes, another call others; `npm run test:bounds` gives it all. */
const EVERY = readNumber('SHAPES_EVERY', 4);

const { signal } = new AbortController();
const desired = resourcesOfShop();

type Target = Awaited<ReturnType<typeof hostileEngine>>['target'];
const WORKS: Readonly<Record<string, (target: Target) => Promise<unknown>>> = {
  observe: (target) => target.observe({ stack: STACK, desired: desired.all, leaving: true }, signal),
  owned: (target) => target.owned(signal),
  facts: (target) => target.facts(signal),
  health: async (target) => {
    for (const { id } of desired.all) await target.health(STACK, id, signal);
  },
  logs: async (target) => {
    for await (const line of target.logs(STACK, desired.container.id, { signal })) expect(line.text).toBe('');
  },
  exec: (target) => target.exec(STACK, desired.container.id, ['true'], signal),
  stop: (target) => target.stop(STACK, desired.container.id, signal),
  start: (target) => target.start(desired.container, contextFor(STACK)),
  leftovers: (target) => target.leftovers(signal),
  apply: async (target) => {
    for (const one of desired.all) await target.apply(changeOf('update', one), contextFor(STACK));
    for (const one of desired.all) await target.apply(changeOf('replace', one), contextFor(STACK));
  },
};

async function play(target: Target): Promise<readonly string[]> {
  const told: string[] = [];
  for (const [name, work] of Object.entries(WORKS)) {
    const error = await work(target).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error !== null && !isReconcilerError(error))
      told.push(`${name}: ${error instanceof Error ? (error.stack ?? '') : 'no error'}`.slice(0, 300));
  }
  return told;
}

function answering(text: string): Answer {
  return (_, response) => void response.end(text);
}

it.each(CALLS)(
  'takes an answer of any shape to %s for no more than a fault of that engine',
  async (call: Call) => {
    const told: string[] = [];
    const first = CALLS.indexOf(call);
    for (const shape of SHAPES.filter((_, index) => (index + first) % EVERY === 0)) {
      await using engine = await hostileEngine({ [call]: answering(shape) });
      for (const one of await play(engine.target)) told.push(`${shape.slice(0, 40)} ${one}`);
    }
    expect(told).toEqual([]);
  },
);
