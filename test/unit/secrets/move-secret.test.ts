import { describe, expect, it } from 'vitest';
import { isProblem } from '../../../reconciler/base/problem.ts';
import { findMovableSecret } from '../../../reconciler/run/write/move-secret.ts';

const TEXT = `# ours
services:
  web: # the page
    env: { DB_PASSWORD: "hun$$ter2", TZ: UTC }
  worker:
    environment:
      - TZ=UTC
      - DB_PASSWORD=hun$$ter2 # the same
  other: { env: { DB_PASSWORD: "\${FROM_ELSEWHERE}" } }
`;
const REFERENCE = 'secret://age/secrets/DB_PASSWORD.age';

describe('findMovableSecret', () => {
  it('finds the value as services get it, and leaves all else of the text alone', () => {
    const found = findMovableSecret(TEXT, 'DB_PASSWORD');
    if (isProblem(found)) throw new Error(found.problem);

    expect([found.value, found.services]).toEqual(['hun$ter2', ['web', 'worker']]);
    expect(found.replace(REFERENCE)).toBe(
      TEXT.replace('"hun$$ter2"', REFERENCE).replace('=hun$$ter2', `=${REFERENCE}`),
    );
  });

  it('takes numbers as the texts that they are', () => {
    const found = findMovableSecret('services: { web: { env: { PIN_PASSWORD: 1234 } } }', 'PIN_PASSWORD');
    expect(found).toMatchObject({ value: '1234' });
  });

  it.each([
    ['services: { web: { env: { A_TOKEN: "${A_TOKEN}" } } }', 'no service has a value of A_TOKEN in clear'],
    ['services: { web: { env: { A_TOKEN: "secret://env/A" } } }', 'no service has a value'],
    [
      'services: { web: { env: { A_TOKEN: x } }, db: { env: { A_TOKEN: y } } }',
      'web and db have different values',
    ],
    ['services: [1]', 'no service has a value'],
    ['services: {', 'no service has a value'],
  ])('refuses %s', (text, problem) => {
    expect(findMovableSecret(text, 'A_TOKEN')).toMatchObject({ problem: expect.stringContaining(problem) });
  });

  it('takes one service of several that differ', () => {
    const text = 'services: { web: { env: { A_TOKEN: x } }, db: { env: { A_TOKEN: y } } }';
    const found = findMovableSecret(text, 'A_TOKEN', 'db');
    if (isProblem(found)) throw new Error(found.problem);
    expect(found.replace('secret://env/A')).toBe(text.replace('y', 'secret://env/A'));
    expect(findMovableSecret(text, 'A_TOKEN', 'away')).toMatchObject({
      problem: expect.stringContaining('away'),
    });
  });

  it('refuses what anchors make one thing of several', () => {
    const text = 'x: &e { A_TOKEN: x }\nservices:\n  web: { env: *e }\n';
    const found = findMovableSecret(text, 'A_TOKEN');
    if (isProblem(found)) throw new Error(found.problem);
    expect(found.replace('secret://env/A')).toMatchObject({ hint: 'write secret://env/A there by hand' });
  });
});
