import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { JobDetail, StackDetail, StackRow } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import { get } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import type { Catalogue, ResourceTree, StackFiles } from '../../client/workflow-types.ts';
import { followJob } from '../../app/live.ts';
import { may } from '../../app/session.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Empty, Unanswered } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { NoStack, useStack } from '../stack/stack-frame.tsx';
import { edgesOf, nodesOf } from './edit/graph.ts';
import type { Editor } from './edit/editor.ts';
import { editorOf } from './edit/editor.ts';
import { statesOf } from './node-words.ts';
import { useCheck } from './use-check.ts';
import { WorkContext } from './work.ts';
import { Workspace } from './workspace.tsx';
import './workflow.css';

/** A workflow: its drawing, what of it runs, and its versions. */
export function WorkflowScreen() {
  const stack = useStack();
  const { name } = stack;
  const path = `/stacks/${encodeURIComponent(name)}/files`;
  const files = useLoad(`files ${name}`, (signal) => get<StackFiles>(path, signal));
  const catalogue = useLoad('catalogue', (signal) => get<Catalogue>('/workflows/catalogue', signal));
  const soon = useCalmly(files.reload, 500, 2_000);
  useEvent<{ readonly error: unknown }>('repository', soon);
  useMissed(files.reload);
  if (stack.removed !== null)
    return (
      <Undrawn name={name}>
        <NoStack stack={stack} />
      </Undrawn>
    );
  const error = stack.error ?? files.error ?? catalogue.error;
  const reload = (): void => {
    stack.reload();
    files.reload();
    catalogue.reload();
  };
  if (stack.data === null || files.data === null || catalogue.data === null)
    return (
      <Undrawn name={name}>
        <Unanswered of={{ error, reload }} what={name} />
      </Undrawn>
    );
  const editor = editorOf(name, files.data);
  if (editor === null) return <NoDrawing name={name} />;
  const takeIn = (saved: StackFiles): void => {
    files.set(() => saved);
    editor.startFrom(saved);
  };
  const isMasked = files.data.files.some((file) => file.main && file.masked);
  return (
    <Drawn
      key={name}
      stack={stack.data}
      editor={editor}
      catalogue={catalogue.data}
      isReadOnly={!may('deployer') || isMasked}
      files={files.data}
      takeIn={takeIn}
      reloadFiles={async () => takeIn(await get<StackFiles>(path))}
    />
  );
}

/** The place of a drawing that is not there. */
function Undrawn({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <PageHead title={name} up={[`${UI}/workflows`, 'All workflows']} />
      {children}
    </>
  );
}

function NoDrawing({ name }: { name: string }) {
  return (
    <Undrawn name={name}>
      <Empty title="Its file cannot be drawn.">
        <p>It is no YAML, or cannot be read here. The text can be mended.</p>
        <a class="button" href={stackAddress(name, 'files')}>
          Open the file
        </a>
      </Empty>
    </Undrawn>
  );
}

interface DrawnProps {
  readonly stack: StackDetail;
  readonly editor: Editor;
  readonly catalogue: Catalogue;
  readonly isReadOnly: boolean;
  readonly files: StackFiles;
  readonly takeIn: (saved: StackFiles) => void;
  readonly reloadFiles: () => Promise<void>;
}

function Drawn({ stack, editor, catalogue, isReadOnly, files, takeIn, reloadFiles }: DrawnProps) {
  const { query, path, route } = useLocation();
  const document = editor.document.value;
  const nodes = useMemo(() => nodesOf(document), [document]);
  const edges = useMemo(() => edgesOf(document), [document]);
  const findings = useCheck(stack.name, editor, stack.diagnostics);
  const { tree, steps } = useLive(stack);
  const states = useMemo(() => statesOf(nodes, tree, steps), [nodes, tree, steps]);
  const [asked, select] = useState<string | null>(query['node'] ?? null);
  useEffect(() => editor.follow(files), [editor, files]);
  const selected = nodes.some(({ id }) => id === asked) ? asked : null;
  const work = useMemo(
    () => ({ stack, editor, catalogue, nodes, edges, findings, states, selected, select, isReadOnly }),
    [stack, editor, catalogue, nodes, edges, findings, states, selected, isReadOnly],
  );
  return (
    <WorkContext.Provider value={work}>
      <Workspace
        title={typeof document['title'] === 'string' ? document['title'] : stack.name}
        view={query['view']}
        show={(view) => route(`${path}?view=${view}`, true)}
        reloadFiles={reloadFiles}
        keepSaved={(text, revision) =>
          takeIn({ revision, files: files.files.map((file) => (file.main ? { ...file, text } : file)) })
        }
      />
    </WorkContext.Provider>
  );
}

const NO_STEPS: JobDetail['steps'] = [];

/** Reads what is seen on the cluster, and the steps of a job that goes on now. */
function useLive({ name, last_job: job }: StackDetail) {
  const path = encodeURIComponent(name);
  const tree = useLoad(`tree ${name}`, (signal) => get<ResourceTree>(`/stacks/${path}/resources`, signal));
  const running = job !== null && (job.status === 'running' || job.status === 'queued') ? job.id : null;
  const detail = useLoad(running === null ? null : `job ${running}`, (signal) =>
    get<JobDetail>(`/jobs/${encodeURIComponent(running ?? '')}`, signal),
  );
  const soon = useCalmly(tree.reload, 300, 1_500);
  const soonJob = useCalmly(detail.reload, 150, 600);
  useEffect(() => {
    followJob(running);
    return () => followJob(null);
  }, [running]);
  useEvent<{ readonly job_id: string }>('step', (step) => step.job_id === running && soonJob());
  useEvent<{ readonly stack_id: string }>('health', ({ stack_id: stack }) => stack === name && soon());
  useEvent<StackRow>('stack', (row) => row.name === name && soon());
  useMissed(() => {
    tree.reload();
    detail.reload();
  });
  return { tree: tree.data, steps: running === null ? NO_STEPS : (detail.data?.steps ?? NO_STEPS) };
}
