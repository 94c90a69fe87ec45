import { formatRefFolder } from './git/source-root.ts';

/*
 * The tag `version/<stack>/<n>` (`version/@<root>/<stack>/<n>` where a root is read) that marks what a stack's file said: its name, its text, and how both are read back.
 */

/** A marked version of the file that describes a stack. */
export interface Version {
  /** A whole number from 1, larger than those before. */
  readonly number: number;
  readonly commit: string;
  /** Path of the file at that commit. */
  readonly file: string;
  /** Name that people gave it; blank where nobody did. */
  readonly name: string;
  /** A short mark beside the name, such as `v1.2`; blank where there is none. */
  readonly label: string;
  readonly description: string;
  readonly author: string;
  /** ISO 8601. */
  readonly time: string;
  /** True for one that was made before a run, and not by anybody. */
  readonly isAutomatic: boolean;
  /** Job that deployed it. */
  readonly jobId: string | null;
  /** Number of the version that it is the same as. */
  readonly restoredFrom: number | null;
}

/** Larger numbers are somebody else's. */
const MAX_NUMBER = 1_000_000_000;

/** Returns what the names of a stack's versions begin with. */
export function versionPrefix(stack: string, root = ''): string {
  return `version/${formatRefFolder(root)}${stack}/`;
}

/** Text of the tag: a line for people, the description, then `Key: value` lines that `parseVersion` reads. */
export function formatVersion(stack: string, version: Omit<Version, 'commit' | 'time'>): string {
  const { number, name, label, description, author, file, isAutomatic, jobId, restoredFrom } = version;
  const title = `Version ${number} of ${stack}${name === '' ? '' : `: ${oneLine(name)}`}`;
  const lines = [
    `File: ${file}`,
    `Author: ${oneLine(author)}`,
    ...(label === '' ? [] : [`Label: ${oneLine(label)}`]),
    ...(isAutomatic ? ['Automatic: yes'] : []),
    ...(jobId === null ? [] : [`Job: ${jobId}`]),
    ...(restoredFrom === null ? [] : [`Restored-From: ${restoredFrom}`]),
  ];
  // An empty line in it would end it.
  const text = description.replaceAll(/\r?\n(?:[ \t]*\r?\n)+/g, '\n \n').trim();
  return [title, ...(text === '' ? [] : [text]), lines.join('\n')].join('\n\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

interface Tag {
  readonly name: string;
  readonly commit: string;
  readonly message: string;
  readonly time: string;
}

/** `null` for a tag that is somebody else's. */
export function parseVersion(stack: string, { name: tag, commit, message, time }: Tag): Version | null {
  const number = Number(tag.slice(tag.lastIndexOf('/') + 1));
  const [title = '', ...rest] = message.trim().split(/\n\n+/);
  const values = new Map((rest.at(-1) ?? '').split('\n').map((line) => splitLine(line)));
  const file = values.get('File');
  if (!Number.isInteger(number) || number < 1 || number > MAX_NUMBER || file === undefined) return null;
  const start = `Version ${number} of ${stack}`;
  if (!title.startsWith(start)) return null;
  return {
    number,
    commit,
    file,
    name: title.slice(start.length).replace(/^: /, ''),
    label: values.get('Label') ?? '',
    description: rest.slice(0, -1).join('\n\n').replaceAll('\n \n', '\n\n'),
    author: values.get('Author') ?? '',
    time,
    isAutomatic: values.get('Automatic') === 'yes',
    jobId: values.get('Job') ?? null,
    restoredFrom: values.has('Restored-From') ? Number(values.get('Restored-From')) : null,
  };
}

function splitLine(line: string): [string, string] {
  const at = line.indexOf(': ');
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
}
