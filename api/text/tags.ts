import type { TagView } from '../operations/tags.ts';

export const TAG_HEADER = ['TAG', 'REVISION', 'TIME', 'MESSAGE'] as const;

export function toTagRow({ name, commit, time, message }: TagView): readonly string[] {
  return [name, commit.slice(0, 10), time, message.split('\n', 1)[0] ?? ''];
}
