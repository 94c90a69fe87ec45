import { describe, expect, it } from 'vitest';
import type { GeneratedStack, GenerateFormat } from '../../reconciler/model/generated.ts';
import { GENERATE_FORMATS } from '../../reconciler/render/generate/generate.ts';
import { createDesiredFixture } from '../support/desired-fixtures.ts';
import { FULL, FULL_FILES } from '../support/full-kombination.ts';

async function generate(format: GenerateFormat, text = FULL): Promise<GeneratedStack> {
  const { state, source, load } = createDesiredFixture();
  source.push({ 'kombinations/full/kombination.yaml': text, ...FULL_FILES });
  await load();
  return state.generate({ subject: { stack: 'full' }, format });
}

const textOf = ({ files }: GeneratedStack, path: string) =>
  String(files.find((file) => file.path === path)?.content);

describe.each(GENERATE_FORMATS)('%s', (format) => {
  it('is written as it was', async () => {
    const { files, notes, variables } = await generate(format);
    for (const { path, content } of files) {
      if (typeof content === 'string')
        await expect(content).toMatchFileSnapshot(`golden/generate/${format}/${path}`);
    }
    expect({ notes, variables }).toMatchSnapshot();
  });

  it('is the same for the same stack', async () => {
    expect(await generate(format)).toEqual(await generate(format));
  });
});

describe('secrets', () => {
  it.each(GENERATE_FORMATS)('are not looked up for %s', async (format) => {
    const { state, source, load } = createDesiredFixture({
      secrets: { 'secret://file/db-password': 'hunter-two', 'secret://env/TOKEN': 'token-value' },
    });
    source.push({ 'kombinations/full/kombination.yaml': FULL, ...FULL_FILES });
    await load();
    const generated = JSON.stringify(await state.generate({ subject: { stack: 'full' }, format }));
    expect(generated).not.toMatch(/hunter-two|token-value|\\u0001|\\u0002/);
  });
});

it('generates from a text as if it stood in the repository', async () => {
  const { state, source, load } = createDesiredFixture();
  source.push({ 'kombinations/full/kombination.yaml': FULL, ...FULL_FILES });
  await load();
  const text = FULL.replace('nginx:1.29', 'nginx:1.30');
  const generated = await state.generate({ subject: { text }, format: 'compose' });
  expect(textOf(generated, 'compose.yaml')).toContain('image: nginx:1.30');
});

it('refuses what is not valid with every finding, and what is not there', async () => {
  const { state, push } = createDesiredFixture();
  await push({
    'kombinations/a/kombination.yaml': 'version: "1.0"\nmeta: { name: a }\nservices: { web: { imge: x } }\n',
  });
  await expect(state.generate({ subject: { stack: 'a' }, format: 'compose' })).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
    diagnostics: expect.arrayContaining([expect.objectContaining({ code: 'UNKNOWN_KEY', line: 3 })]),
  });
  await expect(state.generate({ subject: { stack: 'b' }, format: 'compose' })).rejects.toMatchObject({
    code: 'UNKNOWN_STACK',
  });
});
