import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSchemaCheck } from '../../../reconciler/config/schema-check.ts';
import { analyze } from '../../../reconciler/config/kombination/analyze.ts';
import { readSettingsDocument } from '../../../reconciler/config/fleet/config-documents.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { openChannels } from '../../../reconciler/daemon/notify/open-channels.ts';
import { DEFAULT_EVENTS } from '../../../reconciler/model/notify/events.ts';
import { homePolicy } from '../../../reconciler/model/operator-policy.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-channels-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'operator.yaml');
const checkSchema = createSchemaCheck();

function read(channels: string) {
  writeFileSync(file, `notifications:\n${channels}`);
  return readDaemonConfig(file, checkSchema);
}

const problems = (channels: string): string => {
  try {
    read(channels);
    return '';
  } catch (error) {
    return String(error).replaceAll(file, '');
  }
};

describe('channels of the operator', () => {
  it('are for all stacks and all news but deployments, and their secrets are looked up late', () => {
    const { channels, policy } = read(
      [
        '  hook: { type: webhook, url: "https://example.org/hook", headers: { Authorization: secret://env/HOOK } }',
        '  ops: { type: slack, url: secret://file/slack, events: [failed], stacks: ["shop-*"], default: false }',
        '  phone: { type: ntfy, topic: secret://file/topic, urgent: [node_away], quiet: [{ schedule: "0 22 * * *", duration: 9h, timezone: Europe/Berlin }] }',
        '  g: { type: gotify, url: "http://gotify.lan:8080", token: secret://env/G }',
        '  m: { type: matrix, url: "https://matrix.org", room: "!r:matrix.org", token: secret://env/M }',
        '  mail: { type: mail, host: smtp.example.org, username: me, password: secret://env/MAIL, from: me@example.org, to: [you@example.org] }',
        '  a: { type: apprise, url: "https://apprise.lan/notify/key", tags: [ops] }',
        '',
      ].join('\n'),
    );
    const asked: string[] = [];
    const opened = openChannels(channels, {
      resolve: (reference) => {
        asked.push(reference);
        return new Secret('x', reference);
      },
    });
    expect(opened.map(({ name, type, host }) => [name, type, host])).toEqual([
      ['hook', 'webhook', 'example.org'],
      ['ops', 'slack', null],
      ['phone', 'ntfy', 'ntfy.sh'],
      ['g', 'gotify', 'gotify.lan:8080'],
      ['m', 'matrix', 'matrix.org'],
      ['mail', 'mail', 'smtp.example.org'],
      ['a', 'apprise', 'apprise.lan'],
    ]);
    expect(opened[0]).toMatchObject({ events: DEFAULT_EVENTS, isDefault: true, urgent: [] });
    expect(opened[1]).toMatchObject({ events: ['failed'], stacks: ['shop-*'], isDefault: false });
    const phone = opened[2];
    expect(phone?.urgent).toEqual(['node_away']);
    expect(phone?.quietUntil(Date.parse('2026-01-15T23:00:00+01:00'))).toBe(
      Date.parse('2026-01-16T07:00:00+01:00'),
    );
    expect(phone?.quietUntil(Date.parse('2026-01-16T07:00:00+01:00'))).toBeNull();
    expect([...(policy.channels ?? [])].map(([name, { stacks }]) => [name, stacks]).slice(0, 2)).toEqual([
      ['hook', undefined],
      ['ops', ['shop-*']],
    ]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['  a: { type: ntfy }\n', ':2:6: error: a channel of the type ntfy needs topic [REQUIRED'],
    ['  a: { type: gotify, url: "http://g" }\n', 'needs token'],
    [
      '  a: { type: mail, host: a, from: a@b, to: [a@b], topic: x }\n',
      'topic says nothing about a channel of the type mail',
    ],
    [
      '  a: { type: slack, url: "https://hooks.slack.com/services/hunter2" }\n',
      '[SECRET_IN_CLEAR at notifications.a.url]',
    ],
    ['  a: { type: webhook, url: "https://u:hunter2@h/x" }\n', 'without a password or a query'],
    ['  a: { type: webhook, url: "https://h/x?key=hunter2" }\n', 'without a password or a query'],
    ['  a: { type: ntfy, topic: x, token: hunter2 }\n', 'never the secret itself'],
    ['  a: { type: mail, host: a, from: "a@b\\r\\nBcc: x@y", to: [a@b] }\n', 'must be an address'],
    ['  a: { type: mail, host: a, from: a@b, to: [a@b], username: u }\n', 'a user name needs a password'],
    ['  a: { type: pager }\n', 'notifications.a.type'],
    ['  A B: { type: ntfy, topic: x }\n', 'lower case letters'],
    ['  __proto__: { type: ntfy, topic: x }\n', 'lower case letters'],
    [
      '  a: { type: ntfy, topic: x, quiet: [{ schedule: "0 22 * * *", duration: 1s }] }\n',
      '1s is no length for a window',
    ],
    ['  a: { type: ntfy, topic: x, quiet: [{ schedule: "nope", duration: 1h }] }\n', 'is not a schedule'],
  ])('%s is refused', (channels, part) => {
    const told = problems(channels);
    expect(told).toContain(part);
    expect(told).not.toContain('hunter2');
  });
});

describe('policy.notify', () => {
  const policy = {
    ...homePolicy(),
    channels: new Map([
      ['ops', {}],
      ['team', { stacks: ['shop-*'] }],
    ]),
  };
  const findings = (notify: string, known: typeof policy | null = policy) => {
    const text = `version: "1.0"\nmeta: { name: blog }\nservices: { web: { image: nginx } }\npolicy: { notify: ${notify} }\n`;
    const { diagnostics, kombination } = analyze({
      file: 'kombinations/blog/kombination.yaml',
      text,
      tree: new Map(),
      nodes: new Map(),
      checkSchema,
      ...(known === null ? {} : { policy: known }),
    });
    return {
      choice: kombination.policy.notify,
      told: diagnostics.map(({ severity, message, hint }) => `${severity} ${message} (${hint})`),
    };
  };

  it('chooses channels by name, with events of its own', () => {
    expect(findings('[ops]')).toEqual({ choice: new Map([['ops', null]]), told: [] });
    expect(findings('{ ops: [failed, recovered] }').choice).toEqual(
      new Map([['ops', ['failed', 'recovered']]]),
    );
    expect(findings('[]').choice).toEqual(new Map());
  });

  it.each([
    ['[opps]', "warning the operator's configuration has no channel opps (did you mean ops?)"],
    ['[team]', "warning the operator's configuration has no channel team for blog (there are: ops)"],
  ])('%s is warned of', (notify, told) => {
    expect(findings(notify).told).toEqual([told]);
  });

  it('says nothing of channels where nobody knows what the operator has', () => {
    expect(findings('[anything]', null).told).toEqual([]);
    const without = { ...homePolicy() };
    const settings = (rules: object) =>
      readSettingsDocument('kombinator.yaml', 'policy: { notify: [team, nope] }\n', {
        checkSchema,
        ...rules,
      });
    expect(settings({ policy: without }).diagnostics).toEqual([]);
    expect(settings({ policy }).diagnostics.map(({ message }) => message)).toEqual([
      "the operator's configuration has no channel nope",
    ]);
  });

  it.each(['7', 'ops', '[Ops]', '{ ops: failed }', '{ ops: [fail] }', '{ ops: [] }'])(
    '%s is an error',
    (notify) => {
      expect(findings(notify).told.some((one) => one.startsWith('error'))).toBe(true);
    },
  );
});
