import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Trash2, X } from 'lucide';
import type { WorkflowNode } from '../../client/workflow-types.ts';
import { announce } from '../../app/announce.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { HealthState } from '../../parts/state.tsx';
import { Connections } from './connections.tsx';
import { changeNode, nameOf, renameNode, templateOf, withoutNode } from './edit/graph.ts';
import { SchemaForm } from './form/schema-form.tsx';
import type { FormContext, Path } from './form/schema.ts';
import { formatPath, FormWords } from './form/schema.ts';
import { iconOf, typeWords } from './node-words.ts';
import { useWork } from './work.ts';
import './form/form.css';

const NO_SCHEMA = {};
/** Members that no question is for. */
const KEPT = ['templateId', 'pluginId', 'pluginCategory', 'displayName'];

/** A node: how it is, a form for what it says, and its connections. */
export function NodePanel({ node }: { node: WorkflowNode }) {
  const { catalogue, findings, states, select, editor, isReadOnly } = useWork();
  const state = states.get(node.id);
  const template = templateOf(catalogue, node);
  const close = (): void => {
    select(null);
    requestAnimationFrame(() => document.getElementById(`open-${node.id}`)?.focus());
  };
  const form = useForm(node);
  const own = (findings.byNode.get(node.id) ?? []).filter(
    ({ path = '' }) => path === '' || path === 'id' || path === 'type' || path === 'data',
  );
  return (
    <aside
      class="card node-panel"
      aria-label={`Node ${node.id}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
    >
      <Head node={node} close={close} />
      <div class="panel-body">
        {state !== undefined && (
          <p>
            <HealthState of={state.health} /> {state.message}
          </p>
        )}
        {own.length > 0 && <Findings of={own} />}
        <Id key={node.id} node={node} />
        <FormWords.Provider value={form}>
          <SchemaForm
            key={node.id}
            path={['data']}
            schema={template?.schema ?? NO_SCHEMA}
            value={node.data}
            usual={template?.usual ?? []}
            without={KEPT}
            onChange={(data, name) =>
              editor.edit(
                (document) => changeNode(document, node.id, (before) => ({ ...before, data })),
                `${node.id} ${name}`,
              )
            }
          />
        </FormWords.Provider>
        <Connections node={node} />
        {!isReadOnly && <TakeOut node={node} />}
      </div>
    </aside>
  );
}

function Head({ node, close }: { node: WorkflowNode; close: () => void }) {
  const { catalogue } = useWork();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <header class="panel-head">
      <Icon of={iconOf(node.type)} />
      <div>
        <h2 ref={heading} tabIndex={-1}>
          {nameOf(node)}
        </h2>
        <p class="muted small">{templateOf(catalogue, node)?.description ?? typeWords(catalogue, node)}</p>
      </div>
      <button type="button" class="icon-button" aria-label="Close the node" onClick={close}>
        <Icon of={X} />
      </button>
    </header>
  );
}

function TakeOut({ node }: { node: WorkflowNode }) {
  const { editor, select } = useWork();
  return (
    <button
      type="button"
      class="take-out"
      onClick={() => {
        select(null);
        editor.edit((document) => withoutNode(document, node.id));
        announce(`${nameOf(node)} is taken out. Undo brings it back; nothing is saved yet.`);
      }}
    >
      <Icon of={Trash2} size={16} /> Take {nameOf(node)} out of the drawing
    </button>
  );
}

function useForm(node: WorkflowNode): FormContext {
  const { catalogue, findings, isReadOnly } = useWork();
  return useMemo(() => {
    const found = findings.byNode.get(node.id) ?? [];
    const fills = findings.connections.flatMap(({ fills: all, source, target }) =>
      all
        .filter((fill) => fill.node === node.id && fill.kind === 'field')
        .map((fill) => ({ fill, from: source === node.id ? target : source })),
    );
    return {
      definitions: catalogue.definitions,
      isReadOnly,
      id: `node-${node.id}`,
      findingsAt: (path: Path) => {
        const text = formatPath(path);
        return found.filter((one) => one.path === text);
      },
      fillAt: (path: Path) =>
        path.length === 2 ? fills.find(({ fill }) => fill.field === path[1]) : undefined,
    };
  }, [catalogue, findings, node.id, isReadOnly]);
}

/** The name that connections call a node by; it counts when it is left. */
function Id({ node }: { node: WorkflowNode }) {
  const { editor, nodes, select, isReadOnly } = useWork();
  const [text, type] = useState(node.id);
  const isTaken = text !== node.id && nodes.some(({ id }) => id === text);
  const isWrong = text.trim() === '' || isTaken;
  return (
    <div class={`form-field${isWrong ? ' wrong' : ''}`}>
      <label for={`id-${node.id}`}>Id in the drawing</label>
      <input
        id={`id-${node.id}`}
        value={text}
        disabled={isReadOnly}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={isWrong}
        aria-describedby={`id-${node.id}-help`}
        onInput={(event) => type(event.currentTarget.value)}
        onBlur={() => {
          if (isWrong || text === node.id) return;
          editor.edit((document) => renameNode(document, node.id, text));
          select(text);
        }}
      />
      <div id={`id-${node.id}-help`} class="field-help">
        {isTaken && <p class="finding error">Another node is called that.</p>}
        <p class="muted">What connections call it. The object on the cluster has the name below.</p>
      </div>
    </div>
  );
}
