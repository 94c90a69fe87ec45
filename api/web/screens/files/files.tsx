import type { StackDetail } from '../../client/api-types.ts';
import type { StackFiles } from '../../client/history-types.ts';
import { get } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { StackFrame, useStack } from '../stack/stack-frame.tsx';
import { Workbench } from './workbench.tsx';
import './files.css';

/** Files that describe a stack: read, changed, tried, committed. */
export function FilesScreen() {
  const stack = useStack();
  return <StackFrame stack={stack}>{(data) => <Files stack={data} />}</StackFrame>;
}

function Files({ stack }: { stack: StackDetail }) {
  const { name } = stack;
  const read = (signal?: AbortSignal) => get<StackFiles>(`/stacks/${encodeURIComponent(name)}/files`, signal);
  const { data, error, reload, set } = useLoad(`files ${name}`, read);
  const refresh = async (): Promise<void> => {
    try {
      const fresh = await read();
      set(() => fresh);
    } catch {
      reload();
    }
  };
  const soon = useCalmly(reload, 300);
  useEvent('repository', soon);
  useMissed(reload);
  if (data === null)
    return error === null ? <Waiting what="the files" /> : <Failed error={error} retry={reload} />;
  if (data.files.length === 0)
    return (
      <Empty title="No file describes it any more.">
        <p>What is left of it was deployed by an earlier commit; the history shows which.</p>
      </Empty>
    );
  return <Workbench key={name} stack={stack} files={data} refresh={refresh} />;
}
