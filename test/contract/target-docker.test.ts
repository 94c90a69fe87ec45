import { beforeAll } from 'vitest';
import { createDialer } from '../../reconciler/adapters/docker/engine/connection.ts';
import type { Engine } from '../../reconciler/adapters/docker/engine/engine.ts';
import { createEngine } from '../../reconciler/adapters/docker/engine/create-engine.ts';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import { createEngineTarget } from '../../reconciler/adapters/docker/target.ts';
import { createTransport } from '../../reconciler/adapters/docker/engine/transport.ts';
import { TARGET } from '../support/docker/docker-resources.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import type { TargetHarness } from './target-harness.ts';
import { containersOf } from './target-harness.ts';
import { describeTargetContract } from './target.ts';
import { describeCoreContract } from './target-core.ts';
import { describeControlContract, describeMovesContract } from './target-control.ts';
import { describeForeignContract } from './target-foreign.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const IMAGE = 'kombinator-contract:1';

beforeAll(() => buildTestImage(workerEngine(), IMAGE));

describeTargetContract('Docker Engine', setup);
describeControlContract('Docker Engine', setup);
describeForeignContract('Docker Engine', setup);
describeMovesContract('Docker Engine', setup);
describeCoreContract('Docker Engine', async () => containersOf(await setup()));

async function setup(): Promise<TargetHarness> {
  const host = workerEngine();
  const path = host.replace('unix://', '');
  const base = { name: TARGET, clock: realClock, logger: silentLogger };
  const target = createDockerTarget({ ...base, connection: { type: 'unix', path } });
  const call = <T = unknown>(method: string, url: string, body?: object) =>
    engineJson<T>(path, method, url, body);
  const list = async (url: string, stack: string): Promise<unknown[]> => {
    const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${stack}`] }));
    const answer = await call<unknown[] | { Volumes: unknown[] | null }>('GET', `${url}filters=${filters}`);
    return Array.isArray(answer) ? answer : (answer.Volumes ?? []);
  };
  return {
    target,
    lacks: ['measures'],
    image: IMAGE,
    crashing(nth) {
      const transport = createTransport(createDialer({ type: 'unix', path }, {}));
      const { engine, died } = dieAt(createEngine(transport), nth);
      return { target: createEngineTarget({ ...base, engine, close: () => transport.close() }), died };
    },
    async count(stack) {
      const [containers, networks, volumes] = await Promise.all(
        ['/containers/json?all=1&', '/networks?', '/volumes?'].map((url) => list(url, stack)),
      );
      return {
        containers: containers?.length ?? -1,
        networks: networks?.length ?? -1,
        volumes: volumes?.length ?? -1,
      };
    },
    stopContainer: async (_stack, { spec }) =>
      void (await call('POST', `/containers/${nameOf(spec)}/stop?t=0`)),
    removeContainer: async (_stack, { spec }) =>
      void (await call('DELETE', `/containers/${nameOf(spec)}?force=1`)),
    leaveNetwork: async (_stack, { spec }, network) =>
      void (await call('POST', `/networks/${network}/disconnect`, { Container: nameOf(spec) })),
    async makeForeign(kind, name) {
      if (kind === 'container') await call('POST', `/containers/create?name=${name}`, { Image: IMAGE });
      else await call('POST', `/${kind}s/create`, { Name: name });
    },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}

function nameOf(spec: object): string {
  return 'name' in spec && typeof spec.name === 'string' ? spec.name : '';
}

/** The n-th call and all after it fail, as they do for a process that was killed. Looking at things counts as well. */
function dieAt(engine: Engine, nth: number): { engine: Engine; died: () => boolean } {
  let calls = 0;
  const dying = new Proxy(engine, {
    get(object, property, receiver) {
      const member: unknown = Reflect.get(object, property, receiver);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (++calls >= nth) return Promise.reject(new Error('killed'));
        return Reflect.apply(member, object, args);
      };
    },
  });
  return { engine: dying, died: () => calls >= nth };
}
