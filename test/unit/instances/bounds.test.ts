import { describe, expect, it } from 'vitest';
import { buildInstanceContainer } from '../../../reconciler/adapters/docker/instances/container.ts';
import { expandVariables } from '../../../reconciler/adapters/docker/instances/variables.ts';
import { designInstance } from '../../../reconciler/pods/pod-spec.ts';

describe('an init container without limits', () => {
  const text = `kind: Pod
spec:
  initContainers:
    - { name: bare, image: x }
    - { name: half, image: x, resources: { limits: { memory: 300Mi } } }
  containers:
    - { name: a, image: x, ports: [{ containerPort: 80 }], resources: { limits: { cpu: 100m, memory: 32Mi } } }
    - { name: b, image: x, resources: { limits: { cpu: 50m, memory: 64Mi } } }
`;

  it('gets those of the largest container, and what it says itself counts for the pod', () => {
    const { pod, memoryBytes } = designInstance(text, [{ containerPort: 80, protocol: 'TCP' }]);
    expect(pod['spec']).toMatchObject({
      initContainers: [
        { name: 'bare', resources: { limits: { cpu: '100m', memory: '64Mi' } } },
        { name: 'half', resources: { limits: { cpu: '100m', memory: '300Mi' } } },
      ],
    });
    expect(memoryBytes).toBe(300 * 1024 ** 2);
  });
});

describe('variables in texts of a pod', () => {
  const variables = new Map([
    ['A', 'a'],
    ['LONG', 'x'.repeat(1_000)],
  ]);

  it.each([
    ['$(A)-$(B)-$A-$$(A)-$', 'a-$(B)-$A-$(A)-$'],
    ['$$$(A)', '$a'],
    ['$(A', '$(A'],
    ['$(A)$(A$$', 'a$(A$'],
    ['', ''],
  ])('%s → %s', (text, expanded) => {
    expect(expandVariables(text, variables)).toBe(expanded);
  });

  it('cost what they are long, closed or not', () => {
    const open = '$('.repeat(200_000);
    const started = performance.now();
    expandVariables('$('.repeat(20_000), variables);
    const short = performance.now() - started;
    expect(expandVariables(open, variables)).toBe(open);
    expect(performance.now() - started).toBeLessThan(1_000 + 100 * short);
  });

  it('grow together no further than an environment may', () => {
    const env = Array.from({ length: 50 }, (_, index) => ({
      name: `V${index}`,
      value: index === 0 ? 'x'.repeat(1_000) : `$(V${index - 1})`.repeat(10),
    }));
    const body = buildInstanceContainer({
      instance: { id: 'i', podId: 'p', pod: {}, ports: [] },
      container: { name: 'c', image: 'x', env },
      owner: 'o',
      network: 'n',
      isHolder: false,
      isInit: false,
      publishAddress: '127.0.0.1',
      pidsLimit: 10,
    });
    expect(JSON.stringify(body).length).toBeLessThan(3 * 1024 ** 2);
  });
});
