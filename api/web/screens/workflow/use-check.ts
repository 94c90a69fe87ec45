import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Diagnostic } from '../../client/api-types.ts';
import { post } from '../../client/request.ts';
import type { Checked, Connection } from '../../client/workflow-types.ts';
import { nodesOf } from './edit/graph.ts';
import type { Editor } from './edit/editor.ts';

const PAUSE_MS = 350;

/** Result of a look at the text as it is edited. */
export interface Findings {
  /** Findings by id of the node; their paths begin at the node. */
  readonly byNode: ReadonlyMap<string, readonly Diagnostic[]>;
  readonly byEdge: ReadonlyMap<number, readonly Diagnostic[]>;
  /** Findings about neither, such as the name of the cluster. */
  readonly others: readonly Diagnostic[];
  readonly connections: readonly Connection[];
  readonly isChecked: boolean;
}

const NOTHING: Findings = {
  byNode: new Map(),
  byEdge: new Map(),
  others: [],
  connections: [],
  isChecked: false,
};

interface Found {
  readonly checked: Checked;
  /** Ids of the nodes that were checked, by their places. */
  readonly ids: readonly string[];
}

/** Has the text checked whenever it has been left alone for a moment. */
export function useCheck(name: string, editor: Editor, saved: readonly Diagnostic[]): Findings {
  const [found, set] = useState<Found | null>(null);
  const text = editor.text.value;
  const isChanged = editor.isChanged.value;
  useEffect(() => {
    let isWanted = true;
    const ids = nodesOf(editor.document.peek()).map(({ id }) => id);
    const timer = setTimeout(
      () => {
        post<Checked>('/workflows/check', { text, name }).then(
          (checked) => isWanted && set({ checked, ids }),
          // The next change asks again, and saving tells what is wrong.
          () => undefined,
        );
      },
      found === null ? 0 : PAUSE_MS,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text, name]);
  // Values of secrets are missed only where the daemon looks for them: in what is saved.
  return useMemo(
    () => (found === null ? NOTHING : tellFound(found, isChanged ? [] : saved)),
    [found, isChanged, saved],
  );
}

function tellFound({ checked, ids }: Found, saved: readonly Diagnostic[]): Findings {
  const known = new Set(checked.diagnostics.map(({ path, message }) => `${path} ${message}`));
  const missed = saved.filter(({ path, message }) => !known.has(`${path} ${message}`));
  return sortOut([...checked.diagnostics, ...missed], ids, checked.connections);
}

function sortOut(
  all: readonly Diagnostic[],
  ids: readonly string[],
  connections: readonly Connection[],
): Findings {
  const byNode = new Map<string, Diagnostic[]>();
  const byEdge = new Map<number, Diagnostic[]>();
  const others: Diagnostic[] = [];
  for (const one of all) {
    const [, list, place, rest = ''] = /^(nodes|edges)\[(\d+)\]\.?(.*)$/.exec(one.path ?? '') ?? [];
    const id = list === 'nodes' ? ids[Number(place)] : undefined;
    if (id !== undefined) byNode.set(id, [...(byNode.get(id) ?? []), { ...one, path: rest }]);
    else if (list === 'edges')
      byEdge.set(Number(place), [...(byEdge.get(Number(place)) ?? []), { ...one, path: rest }]);
    else others.push(one);
  }
  return { byNode, byEdge, others, connections, isChecked: true };
}
