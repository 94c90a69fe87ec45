import { expect, it } from 'vitest';
import { explainTaken } from '../../../reconciler/adapters/docker/taken-names.ts';

const compose = { 'com.docker.compose.project': 'old', 'com.docker.compose.service': 'web' };
const stack = {
  ...compose,
  'io.kombinator.stack': 'other',
  'io.kombinator.resource': 'edge/container/web',
};

it.each([
  {
    kind: 'container',
    labels: compose,
    whose: 'the Compose project old (service web)',
    todo: 'docker compose -p old down',
  },
  {
    kind: 'network',
    labels: { 'com.docker.compose.project': 'old' },
    whose: 'the Compose project old',
    todo: 'docker compose -p old down',
  },
  {
    kind: 'volume',
    labels: { 'com.docker.compose.project': 'old' },
    whose: 'the Compose project old',
    todo: 'external: true and name: x under volumes:',
  },
  { kind: 'volume', labels: null, whose: 'somebody else', todo: 'external: true and name: x under volumes:' },
  { kind: 'container', labels: {}, whose: 'somebody else', todo: 'remove or rename it by hand' },
  {
    kind: 'volume',
    labels: stack,
    whose: 'the stack other',
    todo: 'take it out of other: a stack of this repository hands it over with its data',
  },
  {
    kind: 'volume',
    labels: stack,
    whose: 'the stack other',
    todo: 'external: true and name: x under volumes:',
  },
  { kind: 'container', labels: stack, whose: 'the stack other', todo: 'take it out of other' },
] as const)('a $kind of $whose is named, with a way out', ({ kind, labels, whose, todo }) => {
  const { reason, hint } = explainTaken({ kind, name: 'x', labels });
  expect(reason).toMatch(new RegExp(`^${kind} x is there already and .*`));
  expect(reason.endsWith(whose)).toBe(true);
  expect(hint).toContain(todo);
});
