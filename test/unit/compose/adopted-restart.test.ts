import { describe, expect, it } from 'vitest';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { CLUSTER, NODE } from '../../support/kubernetes/cluster-description.ts';

/* Restart policies of services that come from a Compose file, where Compose would start nothing again (decision 034). */

async function describeShop(compose: string, lines: readonly string[] = []) {
  const { state, push } = createDesiredFixture();
  await push({
    ...CLUSTER,
    'kombinations/shop/kombination.yaml': [
      'version: "1.0"',
      'meta: { name: shop }',
      ...(lines.some((line) => line.startsWith('include')) ? [] : ['compose: compose.yaml']),
      ...lines,
      '',
    ].join('\n'),
    'kombinations/shop/compose.yaml': compose,
  });
  const stack = state.get('shop');
  expect(stack?.diagnostics).toEqual([]);
  return (name: string, kind = 'container') =>
    stack?.resources.find((one) => one.name === name && one.kind === kind);
}

const BOTH = `services:\n  web: { image: a, depends_on: { once: { condition: service_completed_successfully } } }\n  once: { image: a }\n`;

describe('the restart policy of an adopted service', () => {
  it.each([
    { when: 'says none', service: 'image: a', want: { policy: 'on-failure' } },
    { when: 'says one', service: 'image: a, restart: always', want: { policy: 'always' } },
    { when: 'says no', service: 'image: a, restart: "no"', want: { policy: 'no' } },
    {
      when: 'says one for Swarm',
      service: 'image: a, deploy: { restart_policy: { condition: any } }',
      want: { policy: 'always' },
    },
    {
      when: 'says something else of its deployment',
      service: 'image: a, deploy: { replicas: 1 }',
      want: { policy: 'on-failure' },
    },
  ])('is $want.policy when it $when', async ({ service, want }) => {
    const find = await describeShop(`services: { web: { ${service} } }\n`);
    expect(find('web')?.spec['restart']).toEqual(want);
  });

  it('is no when another one waits for its end', async () => {
    const find = await describeShop(BOTH);
    expect(find('once')?.spec['restart']).toEqual({ policy: 'no' });
    expect(find('web')?.spec['restart']).toEqual({ policy: 'on-failure' });
  });

  it('is what a kombination puts over it', async () => {
    const over = ['services: { web: { restart: unless-stopped } }'];
    const find = await describeShop('services: { web: { image: a } }\n', over);
    expect(find('web')?.spec['restart']).toEqual({ policy: 'unless-stopped' });
  });

  it('is the same in a file that a kombination includes', async () => {
    const find = await describeShop('services: { web: { image: a } }\n', ['include: [compose.yaml]']);
    expect(find('web')?.spec['restart']).toEqual({ policy: 'on-failure' });
  });

  it('is that of kombinations for a service that no Compose file has', async () => {
    const find = await describeShop('services: { web: { image: a } }\n', ['services: { own: { image: a } }']);
    expect(find('own')?.spec['restart']).toEqual({ policy: 'unless-stopped' });
    expect(find('own')?.toEnd).toBe('restart: "no"');
    expect(find('web')?.toEnd).toBeUndefined();
  });

  it('makes a Deployment on a cluster, which says how it could end', async () => {
    const find = await describeShop('services: { web: { image: a } }\n', [`nodes: [${NODE}]`]);
    const web = find('shop/web', 'Deployment');
    expect(web?.toEnd).toBe('restart: "no"');
    const both = await describeShop(BOTH, [`nodes: [${NODE}]`]);
    expect(both('shop/once', 'Job')).toBeDefined();
    expect(both('shop/once', 'Job')?.toEnd).toBeUndefined();
  });
});
