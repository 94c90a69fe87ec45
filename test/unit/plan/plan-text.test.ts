import { describe, expect, it } from 'vitest';
import type { Change, Plan } from '../../../reconciler/plan/plan.ts';
import { formatPlan, formatTotal } from '../../../reconciler/plan/format-plan.ts';
import { formatMarkdown } from '../../../reconciler/plan/text/markdown.ts';
import { risksOf } from '../../../reconciler/plan/text/risks.ts';
import { formatValue, shortenHashes } from '../../../reconciler/plan/text/values.ts';
import { changingPlan, planOf } from '../../support/cli/cli-harness.ts';

function change(more: Partial<Change>): Change {
  const [first] = changingPlan('shop').changes;
  if (first === undefined) throw new Error('there is one');
  return { ...first, ...more };
}

function updated(fields: Change['fields'], before: Change['before'] = {}, after: Change['after'] = {}): Plan {
  return planOf('shop', {
    changes: [change({ action: 'update', fields, before, after, cause: 'it changed' })],
  });
}

describe('values', () => {
  it.each([
    [268_435_456, 'resources.memoryBytes', '256 MiB'],
    [1_500_000_000, 'resources.nanoCpus', '1.5 CPUs'],
    [90_000, 'healthcheck.intervalMs', '1 min 30 s'],
    [0o600, 'files[0].mode', '0600'],
    [-1, 'resources.memorySwapBytes', 'unlimited'],
    [8080, 'ports[0].hostPort', '8080'],
    [null, 'user', '(not set)'],
    ['nginx@sha256:'.padEnd(77, 'ab'), 'image', '"nginx@sha256:ababababab…"'],
  ])('%j of %s is %s', (value, path, text) => expect(formatValue(value, path)).toBe(text));

  it('cuts digests, and no numbers or words', () => {
    expect(shortenHashes(`shop-web:${'0af1'.repeat(16)} 1234567890123456789012345678901 deadbeef`)).toBe(
      'shop-web:0af10af10a… 1234567890123456789012345678901 deadbeef',
    );
  });
});

describe('risks', () => {
  it.each([
    {
      what: 'data of somebody',
      spec: { mounts: [{ type: 'bind', source: '/srv/data', target: '/d' }] },
      risks: [],
    },
    {
      what: 'the time zone',
      spec: {
        mounts: [{ type: 'bind', source: '/etc/localtime', target: '/etc/localtime', readOnly: true }],
      },
      risks: [],
    },
    {
      what: 'the socket of the engine',
      spec: { mounts: [{ type: 'bind', source: '/var/run/docker.sock', target: '/s' }] },
      risks: ['mounts /var/run/docker.sock of the machine'],
    },
    { what: 'what is no option', spec: { capAdd: 5, mounts: 'x', securityOpt: {} }, risks: [] },
    {
      what: 'capabilities',
      spec: { capAdd: ['NET_ADMIN', 'CHOWN'], networkMode: 'host' },
      risks: ['has the capability NET_ADMIN', 'uses the network namespace of the machine'],
    },
  ])('of $what', ({ spec, risks }) => expect(risksOf('container', spec as never)).toEqual(risks));

  it('are told of pods as well', () => {
    const spec = {
      spec: {
        template: { spec: { hostPID: true, containers: [{ securityContext: { privileged: true } }] } },
      },
    };
    expect(risksOf('Deployment', spec)).toEqual(['uses the pid namespace of the machine', 'runs privileged']);
  });
});

describe('changes', () => {
  it('that make pods say once what several of their containers have', () => {
    const container = (name: string) => ({
      name,
      image: 'web:1',
      env: [{ name: 'MODE' }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    });
    const after = {
      kind: 'Deployment',
      spec: { template: { spec: { containers: [container('a'), container('b')] } } },
    };
    const text = formatPlan(
      planOf('shop', { changes: [change({ action: 'create', kind: 'Deployment', before: null, after })] }),
    );
    expect(text).toContain('image: web:1\n');
    expect(text).toContain('mounts: data → /data\n');
    expect(text).toContain('env: MODE\n');
  });

  it('come after what they risk, and only what was no risk before is told of', () => {
    const text = formatPlan(
      updated(
        [{ path: 'user', before: 'a', after: 'b' }],
        { pid: 'host' },
        { pid: 'host', privileged: true },
      ),
    );
    expect(text).toContain('    ! runs privileged\n    ~ user: "a" → "b"');
    expect(text).not.toContain('pid');
  });

  it('of lists say what was added and what was taken away', () => {
    const port = (hostPort: number) => ({ hostPort, containerPort: 80, protocol: 'tcp' });
    const text = formatPlan(
      updated(
        [
          { path: 'ports[0].hostPort', before: 8080, after: 8081 },
          { path: 'ports[1]', before: port(8081), after: null },
        ],
        { ports: [port(8080), port(8081)] },
        { ports: [port(8081)] },
      ),
    );
    expect(text).toContain('    - ports: 8080 → 80/tcp\n');
    expect(text).not.toContain('8081');
  });

  it('of texts of several lines show the lines, masked', () => {
    const fields = [{ path: '.data.app', before: 'a\npassword: x\n', after: 'b\npassword: y\n' }];
    expect(formatPlan(updated(fields))).toContain(
      '- a\n        - password: ***\n        + b\n        + password: ***',
    );
  });

  it('that no label tells are said to be', () => {
    const text = formatPlan(updated([{ path: 'hash', before: 'a'.repeat(32), after: 'b'.repeat(32) }]));
    expect(text).toContain('~ something that its labels do not tell');
    expect(text).not.toContain('bbbb');
  });

  it('are broken between words, and tell like things once', () => {
    const after = {
      image: 'registry.example.org/team/a-long-name-of-an-image:1.2.3',
      env: { A: '1', B: '2' },
    };
    const plan = planOf('shop', {
      changes: ['web', 'web#2'].map((name) =>
        change({ id: `local/container/${name}` as Change['id'], name, after }),
      ),
    });
    const lines = formatPlan(plan, { width: 40 }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines).toContain('      like web');
    expect(lines.filter((line) => line.startsWith('      image:'))).toHaveLength(1);
  });

  it('are summed up over stacks', () => {
    const summary = { create: 1, update: 0, replace: 2, delete: 0, noop: 3 };
    expect(formatTotal([summary, summary])).toBe(
      'Total of 2 stacks: 2 to create, 0 to update, 4 to replace, 0 to delete, 6 unchanged.',
    );
  });
});

describe('Markdown', () => {
  const after = { image: 'a', privileged: true };
  const plan = changingPlan('shop', {
    changes: [change({ after, cause: 'not found ``` <b>' })],
    confirmations: [{ code: 'PRUNES', message: 'deletes *all* | <i>', ids: [] }],
  });

  it('has a table over all stacks, and the changes of each that has some', () => {
    const text = formatMarkdown([plan, planOf('blog')], [{ stack: 'x', code: 'INVALID', message: 'a|b' }]);
    expect(text).toContain('| `shop` | 1 |  |  |  | ✋ needs a yes, ⚠️ risks |');
    expect(text).toContain('| `blog` |  |  |  |  |  |');
    expect(text).toContain('| `x` | | | | | ❌ no plan: `INVALID` |');
    expect(text).toContain('\n- ❌ `x`: `a¦b`\n');
    expect(text).toContain('**Total of 2 stacks: 1 to create');
    expect(text).toContain('<details open><summary><b>shop</b>: Plan: 1 to create');
    expect(text).not.toContain('<b>blog</b>');
    expect(text).toContain('````diff\n+ create  local/container/web');
    expect(text).toContain('\n!   ⚠ runs privileged\n');
    expect(text).toContain('- ✋ needs a yes: `deletes *all* ¦ <i>`');
  });

  it('is not longer than a comment may be', () => {
    const many = Array.from({ length: 60 }, (_, index) =>
      changingPlan(`stack-${index}`, {
        changes: Array.from({ length: 30 }, (_, at) =>
          change({ id: `local/container/${'x'.repeat(60)}${at}` as Change['id'] }),
        ),
      }),
    );
    const text = formatMarkdown(many);
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain('Too long for a comment, and left out:');
  });
});
