import { expect, it } from 'vitest';
import type { Diagnostic } from '../../../reconciler/base/diagnostic.ts';
import { createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

const there = { 'secret://env/THERE': 'sesame', 'secret://file/there': 'sesame' };
const FILES = {
  'kombinations/a/kombination.yaml': kombination('a'),
  'kombinations/a/there.txt': 'x',
  'kombinations/a/there.env': 'A=b\n',
  'kombinations/a/there.yaml': 'services: { web: { image: a } }\n',
  'kombinations/a/there/Dockerfile': 'FROM scratch\n',
  'kombinations/a/there.sops.yaml': 'a: b\n',
};
const web = (keys: string): string =>
  `version: "1.0"\nmeta: { name: a }\nservices:\n  web: { image: a, ${keys} }\n`;

it.each([
  ['a variable', (is: string) => web(`environment: { A: "\${${is.toUpperCase()}}" }`)],
  [
    'a secret of the environment',
    (is: string) => web(`environment: { A: "secret://env/${is.toUpperCase()}" }`),
  ],
  ['a secret file', (is: string) => web(`environment: { A: "secret://file/${is}" }`)],
  ['a SOPS file', (is: string) => web(`environment: { A: "secret://sops/${is}.sops.yaml#a" }`)],
  ['a file', (is: string) => web(`files: [{ source: ${is}.txt, target: /x }]`)],
  ['a directory', (is: string) => web(`files: [{ source: ${is}, target: /x }]`)],
  ['an env file', (is: string) => web(`env_file: ${is}.env`)],
  ['a service elsewhere', (is: string) => web(`extends: { file: ${is}.yaml, service: web }`)],
  ['a Compose file', (is: string) => `version: "1.0"\nmeta: { name: a }\ncompose: ${is}.yaml\n`],
  ['a build', (is: string) => web(`build: ${is}`)],
  ['a Dockerfile', (is: string) => web(`build: { context: ., dockerfile: ${is}/Dockerfile }`)],
  ['a config', (is: string) => `${web('configs: [c]')}configs: { c: { file: ${is}.txt } }\n`],
])('says the same of %s whether it is there or not', async (_name, text) => {
  const { state, push } = createDesiredFixture({ secrets: there });
  await push(FILES);
  const told = (is: string): readonly string[] =>
    state
      .check(text(is), undefined, { alone: true })
      .diagnostics.map(({ code, message, path }: Diagnostic) =>
        `${code} ${path} ${message}`.replaceAll(is, '…'),
      );
  expect(told('there')).toEqual(told('other'));
});

it('still says what is wrong with the text', async () => {
  const { state, push } = createDesiredFixture({ secrets: there });
  await push(FILES);
  const found = state.check(web('imag: b, files: [{ source: other, target: /x }]'), undefined, {
    alone: true,
  });
  expect(found.diagnostics.map(({ code }) => code)).toEqual(['UNKNOWN_KEY']);
});
