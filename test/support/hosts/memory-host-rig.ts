import { DEFAULT_HOST_SETTINGS } from '../../../reconciler/ports/hosts/host-settings.ts';
import type { HostSettings } from '../../../reconciler/ports/hosts/host-settings.ts';
import { eventually } from '../eventually.ts';
import type { MemoryHost } from '../memory/memory-host.ts';
import { createMemoryHost } from '../memory/memory-host.ts';
import type { Rig, RigOptions } from '../reconciler-rig.ts';
import { createRig } from '../reconciler-rig.ts';

type Files = Readonly<Record<string, string | null>>;

/** A reconciler on parts in memory that has a Git host, and hands of those who propose and push there. */
export interface MemoryHostRig extends AsyncDisposable {
  readonly rig: Rig;
  readonly host: MemoryHost;
  /** The first commit. */
  readonly base: string;
  /** Opens a pull request with these files on top of a commit (default the first), or pushes to it. Returns its head. */
  propose(number: number, files: Files, parent?: string): string;
  /** Pushes to the branch, and has it read. Returns the commit. */
  push(files: Files): Promise<string>;
  /** Waits for a state of `kombinator/plan` at a commit. Returns its description; fails with what it is instead. */
  settles(commit: string, state: string): Promise<string>;
  /** The same of `kombinator/deploy`. */
  becomes(commit: string, state: string): Promise<string>;
  /** Waits until the comment of a pull request is so. Returns it; fails with what it is instead. */
  says(number: number, isRight: (text: string) => boolean): Promise<string>;
}

const SIGNAL = new AbortController().signal;
const WAIT_MS = 4_000;

/** Opens one whose branch has these files, and starts it. */
export async function openMemoryHostRig(
  files: Readonly<Record<string, string>>,
  {
    settings = {},
    host = createMemoryHost(),
    ...more
  }: RigOptions & { readonly settings?: Partial<HostSettings>; readonly host?: MemoryHost } = {},
): Promise<MemoryHostRig> {
  const page = 'https://kombinator.example.org';
  const hostSettings = { ...DEFAULT_HOST_SETTINGS, page, ...settings };
  const rig = createRig({ gitHost: host, hostSettings, ...more });
  const base = rig.source.push(files);
  await rig.reconciler.start();
  const waitFor = async (commit: string, context: string, state: string): Promise<string> => {
    const look = () => host.status(commit, context);
    const status = await eventually(look, (one) => one?.state === state, WAIT_MS);
    if (status?.state === state) return status.description;
    const found = `${status?.state ?? 'unknown'} (${status?.description ?? ''})`;
    throw new Error(`${context} of ${commit} is ${found}, not ${state}`);
  };
  return {
    rig,
    host,
    base,
    propose(number, proposed, parent = base) {
      const commit = rig.source.commitBeside(parent, proposed);
      host.propose(number, commit);
      rig.reconciler.noteHook({ type: 'pull', number, delivery: commit });
      return commit;
    },
    async push(pushed) {
      const commit = rig.source.push(pushed);
      await rig.reconciler.refresh(SIGNAL);
      return commit;
    },
    settles: (commit, state) => waitFor(commit, 'kombinator/plan', state),
    becomes: (commit, state) => waitFor(commit, 'kombinator/deploy', state),
    async says(number, isRight) {
      const text = await eventually(() => host.comments(number)[0] ?? '', isRight, WAIT_MS);
      if (isRight(text)) return text;
      throw new Error(`the comment of ${number} is: ${text}`);
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}
