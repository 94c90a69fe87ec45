import type { FunctionComponent } from 'preact';
import { useState } from 'preact/hooks';
import { Play, Plus, Redo2, Save, Settings2, Undo2 } from 'lucide';
import { UI } from '../../client/home.ts';
import type { Publication, Template } from '../../client/workflow-types.ts';
import { ApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { useKeys } from '../../app/use-keys.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { State } from '../../parts/state.tsx';
import { PublicationBadge } from '../workflows/publication.tsx';
import { newNode, withNode } from './edit/graph.ts';
import { ListView } from './list-view.tsx';
import { NodePanel } from './node-panel.tsx';
import { Palette } from './palette.tsx';
import { RunDialog } from './run-dialog.tsx';
import { SaveDialog } from './save-dialog.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { Versions } from './versions.tsx';
import { useWork } from './work.ts';

const VIEWS = [
  ['canvas', 'Drawing'],
  ['list', 'List'],
  ['versions', 'Versions'],
] as const;

type View = (typeof VIEWS)[number][0];
type Open = 'add' | 'save' | 'run' | 'settings' | null;

interface WorkspaceProps {
  readonly title: string;
  readonly view: string | undefined;
  readonly show: (view: View) => void;
  /** Takes in what somebody else has saved. */
  readonly reloadFiles: () => Promise<void>;
  /** Takes in what was saved here. */
  readonly keepSaved: (text: string, commit: string) => void;
}

/** The list where the drawing would have no room. */
function usualView(): View {
  return matchMedia('(min-width: 900px)').matches ? 'canvas' : 'list';
}

export function Workspace({ title, view: asked, show, ...saving }: WorkspaceProps) {
  const { editor, nodes, findings, selected, select, isReadOnly } = useWork();
  const [open, setOpen] = useState<Open>(null);
  const [usual] = useState(usualView);
  const view = VIEWS.find(([name]) => name === asked)?.[0] ?? usual;
  const mayWrite = (run: () => void) => (): void => {
    if (!isReadOnly) run();
  };
  useKeys({
    a: ['Add a node', mayWrite(() => setOpen('add'))],
    s: ['Save', mayWrite(() => editor.isChanged.peek() && setOpen('save'))],
    u: ['Undo', editor.undo],
    U: ['Redo', editor.redo],
    v: ['Drawing or list', () => show(view === 'canvas' ? 'list' : 'canvas')],
  });
  const add = (template: Template): void => {
    const node = newNode(nodes, template);
    editor.edit((document) => withNode(document, node));
    setOpen(null);
    select(node.id);
  };
  const node = nodes.find(({ id }) => id === selected);
  return (
    <>
      <Head title={title} open={setOpen} />
      <Toolbar view={view} show={show} open={setOpen} />
      {findings.others.length > 0 && (
        <div class="notice">
          <Findings of={findings.others} />
        </div>
      )}
      {view === 'versions' ? (
        <Versions />
      ) : (
        <div class={`workspace${node === undefined ? '' : ' with-panel'}`}>
          <div class="workspace-main">
            {nodes.length === 0 ? (
              <NoNodes add={() => setOpen('add')} />
            ) : view === 'canvas' ? (
              <LaterCanvas />
            ) : (
              <ListView />
            )}
          </div>
          {node !== undefined && <NodePanel key={node.id} node={node} />}
        </div>
      )}
      {open === 'add' && <Palette onChoose={add} onClose={() => setOpen(null)} />}
      {open === 'save' && <SaveDialog {...saving} onClose={() => setOpen(null)} />}
      {open === 'run' && <RunDialog publish={() => setOpen('save')} onClose={() => setOpen(null)} />}
      {open === 'settings' && <SettingsDialog onClose={() => setOpen(null)} />}
    </>
  );
}

function Head({ title, open }: { title: string; open: (what: Open) => void }) {
  const { stack, editor, isReadOnly } = useWork();
  const publication = publicationOf(editor.document.value['status']);
  const isChanged = editor.isChanged.value;
  return (
    <PageHead
      title={title}
      up={[`${UI}/workflows`, 'All workflows']}
      badge={publication === 'published' ? <State of={stack.state} /> : <PublicationBadge of={publication} />}
    >
      <a class="button" href={stackAddress(stack.name)}>
        Stack
      </a>
      {!isReadOnly && (
        <>
          <button
            type="button"
            disabled={isChanged}
            title={isChanged ? 'Save first: what is saved is what runs' : undefined}
            onClick={() => open('run')}
          >
            <Icon of={Play} size={16} /> Run …
          </button>
          <button type="button" class="primary" disabled={!isChanged} onClick={() => open('save')}>
            <Icon of={Save} size={16} /> {isChanged ? 'Save changes …' : 'Saved'}
          </button>
        </>
      )}
    </PageHead>
  );
}

function publicationOf(status: unknown): Publication {
  return status === 'published' || status === 'archived' ? status : 'draft';
}

function Toolbar({
  view,
  show,
  open,
}: {
  view: View;
  show: (view: View) => void;
  open: (what: Open) => void;
}) {
  const { editor, isReadOnly } = useWork();
  return (
    <div class="toolbar" role="toolbar" aria-label="Drawing">
      <div class="chips" role="group" aria-label="View">
        {VIEWS.map(([name, words]) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={view === name}
            onClick={() => show(name)}
          >
            {words}
          </button>
        ))}
      </div>
      {!isReadOnly && view !== 'versions' && (
        <div class="tools">
          <button type="button" onClick={() => open('add')}>
            <Icon of={Plus} size={16} /> Add a node
          </button>
          <button type="button" onClick={() => open('settings')}>
            <Icon of={Settings2} size={16} /> Settings
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Undo"
            title="Undo (u)"
            disabled={!editor.canUndo.value}
            onClick={editor.undo}
          >
            <Icon of={Undo2} />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Redo"
            title="Redo (Shift+u)"
            disabled={!editor.canRedo.value}
            onClick={editor.redo}
          >
            <Icon of={Redo2} />
          </button>
        </div>
      )}
    </div>
  );
}

function NoNodes({ add }: { add: () => void }) {
  const { isReadOnly } = useWork();
  return (
    <div class="card">
      <Empty title="Nothing is drawn yet.">
        <p>
          Begin with what is to run, such as a deployment. Then add an address for it, settings, storage, and
          connect them: what a connection can fill in, you need not write.
        </p>
        {!isReadOnly && (
          <button type="button" class="primary" onClick={add}>
            <Icon of={Plus} size={16} /> Add the first node
          </button>
        )}
      </Empty>
    </div>
  );
}

/** The canvas comes with libraries of its own, which are loaded when it is shown first. */
function LaterCanvas() {
  const { data: part, error } = useLoad('canvas', loadCanvas);
  // Browsers keep in mind that a module could not be loaded, until the page is loaded anew.
  if (error !== null) return <Failed error={error} retry={() => location.reload()} />;
  return part === null ? <Waiting what="the drawing" /> : <part.Canvas />;
}

async function loadCanvas(): Promise<{ readonly Canvas: FunctionComponent }> {
  try {
    return await import('./canvas/canvas.tsx');
  } catch {
    const words = 'The drawing cannot be loaded. The list shows the same; trying again loads the page anew.';
    throw new ApiError(0, 'OFFLINE', words, null);
  }
}
