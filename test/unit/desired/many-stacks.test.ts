import { expect, it } from 'vitest';
import { createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

const copies = (count: number, text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k/${at}/kombination.yaml`, text]));

it('names some of the others where thousands have one name or port, not all of them to each', async () => {
  const { state, push } = createDesiredFixture();
  const text = kombination('a', 'web: { image: a, ports: ["8080:80"] }');
  await push(copies(60, text));
  const found = state.diagnostics();
  expect(found).toHaveLength(120);
  expect(Math.max(...found.map(({ message }) => message.length))).toBeLessThan(200);
  await push(Object.fromEntries(Object.keys(copies(57, '')).map((file) => [file, null])));
  expect(state.diagnostics().map(({ message }) => message)).toContain(
    'the stack a is also described by k/58/kombination.yaml, k/59/kombination.yaml',
  );
});

it('reads no more files of stacks than memory holds', async () => {
  const { state, push } = createDesiredFixture({ limits: { stackFiles: 4 } });
  await push(copies(4, kombination('a')));
  const refused = {
    code: 'INVALID_CONFIGURATION',
    message: 'the repository has 5 files of stacks; at most 4 are read',
  };
  await expect(push({ 'k/5/kombination.yaml': kombination('b') })).rejects.toMatchObject(refused);
  expect(state.names()).toEqual(['a']);
  await push({ 'k/0/kombination.yaml': null });
  expect(state.names()).toEqual(['a', 'b']);
});
