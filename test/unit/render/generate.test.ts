import { describe, expect, it } from 'vitest';
import type { GeneratedStack, GenerateFormat } from '../../../reconciler/model/generated.ts';
import { GENERATE_FORMATS } from '../../../reconciler/render/generate/generate.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { FULL, FULL_FILES } from '../../support/full-kombination.ts';

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
        await expect(content).toMatchFileSnapshot(`../golden/generate/${format}/${path}`);
    }
    expect({ notes, variables }).toMatchSnapshot();
  });

  it('is the same for the same stack', async () => {
    expect(await generate(format)).toEqual(await generate(format));
  });
});

describe('commands beside a service', () => {
  const text = `version: "1.0"
meta: { name: full }
services:
  web:
    image: nginx:1.29
    post_start: [{ command: "echo $$HOME", user: root, environment: { A: b } }]
    pre_stop: [{ command: [nginx, -s, quit], privileged: true, working_dir: /tmp }]
`;

  it('are carried over to a Compose file, and noted where nothing can say them', async () => {
    expect(textOf(await generate('compose', text), 'compose.yaml')).toContain(`
    post_start:
      - command:
          - echo
          - $$HOME
        user: root
        environment:
          A: b
    pre_stop:
      - command:
          - nginx
          - -s
          - quit
        privileged: true
        working_dir: /tmp
`);
    for (const format of ['opentofu', 'kubernetes'] as const)
      expect((await generate(format, text)).notes.join()).toContain('postStart, preStop');
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

describe('defaults', () => {
  const text = `version: "1.0"
meta: { name: full }
services:
  web:
    image: nginx:1.29
    environment:
      A: "\${X:-dflt}"
      B: "\${Y-}"
      C: "pre-\${Z:-z z}"
      D: "\${NEEDED}"
      E: "\${MIXED:-one} \${MIXED:-two}"
      F: "\${secret:env/PRICE:-5$}"
`;

  it('stay in a Compose file, and stand in its example as comments', async () => {
    const generated = await generate('compose', text);
    const compose = textOf(generated, 'compose.yaml');
    expect([...compose.matchAll(/^ {6}([A-F]: .*)$/gm)].map(([, line]) => line)).toEqual([
      'A: ${X:-dflt}',
      'B: ${Y:-}',
      'C: pre-${Z:-z z}',
      'D: ${NEEDED:?}',
      'E: ${MIXED:-one} ${MIXED:-two}',
      'F: ${PRICE:-5$$}',
    ]);
    expect(
      textOf(generated, '.env.example')
        .split('\n')
        .filter((line) => !line.includes('://')),
    ).toEqual(['MIXED=', 'NEEDED=', '# PRICE="5\\$"', '# X=dflt', '# Y=', '# Z="z z"', '']);
    expect(generated.variables).toContainEqual({ name: 'X', reference: 'secret://env/X', default: 'dflt' });
    expect(generated.variables).toContainEqual({ name: 'NEEDED', reference: 'secret://env/NEEDED' });
  });

  it('are those of OpenTofu variables where all places agree', async () => {
    const variables = textOf(await generate('opentofu', text), 'variables.tf');
    expect(/variable "x" \{[^}]*\}/.exec(variables)?.[0]).toMatch(/default\s+= "dflt"/);
    expect(/variable "y" \{[^}]*\}/.exec(variables)?.[0]).toMatch(/default\s+= ""/);
    expect(/variable "needed" \{[^}]*\}/.exec(variables)?.[0]).not.toContain('default');
    expect(/variable "mixed" \{[^}]*\}/.exec(variables)?.[0]).not.toContain('default');
  });

  it('are used in manifests, which have no word for them', async () => {
    const { files, variables } = await generate('kubernetes', text);
    expect(String(files[0]?.content)).toMatch(/name: C\n\s+value: pre-z z\n/);
    expect(variables).toEqual([{ name: 'NEEDED', reference: 'secret://env/NEEDED' }]);
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
