import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Version } from '../../../reconciler/model/version-tag.ts';
import { formatVersion, parseVersion } from '../../../reconciler/model/version-tag.ts';

const BASE: Version = {
  number: 3,
  commit: 'c'.repeat(40),
  file: 'workflows/shop.yaml',
  name: '',
  label: '',
  description: '',
  author: 'Ada',
  time: '2026-01-01T00:00:00Z',
  isAutomatic: false,
  jobId: null,
  restoredFrom: null,
};

const tagOf = (version: Version) => ({
  name: `version/shop/${version.number}`,
  commit: version.commit,
  time: version.time,
  message: formatVersion('shop', version),
});

it('writes a text that people can read', () => {
  const version = {
    ...BASE,
    name: 'Before the sale',
    label: 'v1',
    description: 'Why.',
    jobId: 'job_1',
    restoredFrom: 2,
  };
  expect(formatVersion('shop', { ...version, isAutomatic: true })).toBe(
    'Version 3 of shop: Before the sale\n\nWhy.\n\nFile: workflows/shop.yaml\nAuthor: Ada\nLabel: v1\nAutomatic: yes\nJob: job_1\nRestored-From: 2',
  );
});

it('reads back whatever people say', () => {
  const line = fc.constantFrom('', 'two words', 'File: /etc/passwd', 'Job: job_9', ': x', '#');
  const text = fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(line, line, text, fc.boolean(), (name, label, description, isAutomatic) => {
      const version = { ...BASE, name, label, description, isAutomatic };
      const read = parseVersion('shop', tagOf(version));
      const kept = description.trim().replaceAll(/\n{2,}/g, '\n\n');
      expect(read).toEqual({ ...version, name: name.replace(/^: /, ': '), description: kept });
    }),
  );
});

it.each([
  ['another number', { name: 'version/shop/4' }],
  ['no number', { name: 'version/shop/x' }],
  ['a huge number', { name: 'version/shop/99999999999' }],
  ['another text', { message: 'v1' }],
  ['no text', { message: '' }],
])("takes a tag with %s for somebody else's", (_what, change) => {
  expect(parseVersion('shop', { ...tagOf(BASE), ...change })).toBeNull();
});
