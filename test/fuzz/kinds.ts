import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import {
  clusterSchema,
  kombinationSchema,
  nodeSchema,
  repositorySchema,
  stackkitSchema,
  workflowSchema,
} from '../../schemas/index.ts';
import { createRandom } from '../chaos/random.ts';
import type { Random } from '../chaos/random.ts';
import { createFastClock } from '../support/fakes/fast-clock.ts';
import { createInstancesRig } from '../support/instances-rig.ts';
import { drawCompose } from './generators/compose.ts';
import { readCorpus } from './generators/corpus.ts';
import { createDocuments } from './generators/documents.ts';
import { drawExpression, listExpressions, tryExpression } from './generators/expression.ts';
import { drawFleet } from './generators/fleet.ts';
import { drawKit } from './generators/kit.ts';
import { drawKombination } from './generators/kombination.ts';
import { NAMES } from './generators/names.ts';
import { drawPod } from './generators/pod.ts';
import { drawRequests } from './generators/rest.ts';
import { drawWebhook } from './generators/webhook.ts';
import { drawWorkflow } from './generators/workflow.ts';
import { enlarge } from './grammar/mutate.ts';
import type { Grammar } from './grammar/draw.ts';
import { createGrammar } from './grammar/draw.ts';
import type { DrawnFile } from './grammar/repair.ts';
import { collectSamples } from './grammar/samples.ts';
import { schemaSet } from './grammar/schema.ts';
import type { Part, Player } from './input.ts';
import { createApiWorld } from './players/api-world.ts';
import { createPodWorld, playPod } from './players/pods.ts';
import { playRepository } from './players/repository.ts';
import { playRequests } from './players/rest.ts';

/** Generators of whole repositories, by kind. */
export const REPOSITORIES: Readonly<Record<string, DrawRepository>> = {
  kombination: drawKombination,
  compose: drawCompose,
  workflow: drawWorkflow,
  fleet: drawFleet,
  kit: drawKit,
};

/** Kinds of inputs by name; each makes its player when it is first needed. */
export const KINDS: Readonly<Record<string, () => Player>> = {
  ...Object.fromEntries(
    Object.entries(REPOSITORIES).map(([kind, draw]) => [kind, () => repositoryPlayer(kind, draw)]),
  ),
  rest: () => requestPlayer('rest', drawRequests),
  webhook: () => requestPlayer('webhook', drawWebhook),
  pod: podPlayer,
  expression: expressionPlayer,
  ...Object.fromEntries(
    Object.entries(REPOSITORIES).map(([kind, draw]) => [
      `large-${kind}`,
      () => repositoryPlayer(`large-${kind}`, draw, enlarge),
    ]),
  ),
};

type DrawRepository = (grammar: Grammar, random: Random) => readonly DrawnFile[];

const SCHEMAS = [
  clusterSchema,
  kombinationSchema,
  nodeSchema,
  repositorySchema,
  stackkitSchema,
  workflowSchema,
];

function repositoryPlayer(kind: string, draw: DrawRepository, change?: typeof enlarge): Player {
  const grammar = createOurGrammar();
  const documents = createDocuments((random) => draw(grammar, random), change);
  const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
  return {
    generate: async (seed) => ({ kind, seed, parts: await documents.draw(createRandom(seed)) }),
    play: (input) => playRepository(input, { store }),
    async [Symbol.asyncDispose]() {
      store[Symbol.dispose]();
    },
  };
}

function requestPlayer(kind: string, draw: (grammar: Grammar, random: Random) => readonly Part[]): Player {
  const grammar = createOurGrammar();
  const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
  const rig = createInstancesRig();
  const world = createApiWorld(store, rig.instances);
  return {
    generate: (seed) => Promise.resolve({ kind, seed, parts: draw(grammar, createRandom(seed)) }),
    play: (input) => playRequests(input, world),
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

/** Kinds that a run without `--kind` leaves out: they take long, and what they find depends more on the program than on luck. */
export const ASKED_FOR: readonly string[] = [
  'expression',
  ...Object.keys(REPOSITORIES).map((kind) => `large-${kind}`),
];

function expressionPlayer(): Player {
  const expressions = listExpressions();
  return {
    generate: (seed) =>
      Promise.resolve({ kind: 'expression', seed, parts: drawExpression(expressions, createRandom(seed)) }),
    play: ({ parts }) => Promise.resolve({ accepted: tryExpression(parts), violations: [] }),
    async [Symbol.asyncDispose]() {},
  };
}

/** The engine that is pretended remembers every container: another one takes its place in time. */
const PODS_PER_ENGINE = 500;

function podPlayer(): Player {
  const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
  let world = createPodWorld(store);
  let left = PODS_PER_ENGINE;
  return {
    generate: (seed) => Promise.resolve({ kind: 'pod', seed, parts: drawPod(null, createRandom(seed)) }),
    async play(input) {
      if (left === 0) {
        await world[Symbol.asyncDispose]();
        world = createPodWorld(store);
        left = PODS_PER_ENGINE;
      }
      left -= 1;
      return playPod(input, world);
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

/** The grammar of all our documents. */
export function createOurGrammar(): Grammar {
  return createGrammar({ schemas: schemaSet(SCHEMAS), samples: collectSamples(readCorpus()), names: NAMES });
}
