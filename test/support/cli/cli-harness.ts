import { createLocalSession } from '../../../api/cli/session/local-session.ts';
import type { Interrupt } from '../../../api/cli/terminal/interrupt.ts';
import { runCli } from '../../../api/cli/main.ts';
import type { KeyStore } from '../../../api/cli/session/session.ts';
import type { Terminal } from '../../../api/cli/terminal/terminal.ts';
import type {
  Job,
  JobDetail,
  Plan,
  Reconciler,
  ReconcilerEvent,
  RepositoryStatus,
  StackView,
} from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { showPainted } from '../../../api/text/paint.ts';

/** A terminal that remembers; `answers` are given to questions in order. */
export interface RecordedTerminal extends Terminal {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly questions: readonly string[];
}

export function recordTerminal(
  options: {
    isTerminal?: boolean;
    answers?: readonly string[];
    env?: NodeJS.ProcessEnv;
    columns?: number;
    /** Text that is typed; it ends then. */
    input?: string;
  } = {},
): RecordedTerminal {
  const { isTerminal = false, answers = [], env = {}, columns = 80, input = '' } = options;
  let stdout = '';
  let stderr = '';
  const questions: string[] = [];
  return {
    env,
    bytes: {
      isInteractive: isTerminal,
      size: () => ({ columns, rows: 24 }),
      onResize: () => ({ [Symbol.dispose]: () => undefined }),
      raw: () => ({ [Symbol.dispose]: () => undefined }),
      async *input() {
        if (input !== '') yield Buffer.from(input);
      },
      async write(stream, bytes) {
        const text = Buffer.from(bytes).toString();
        if (stream === 'stdout') stdout += text;
        else stderr += text;
      },
    },
    isTerminal,
    canAsk: isTerminal,
    write: (text) => void (stdout += showPainted(text)),
    out: (line) => void (stdout += `${showPainted(line)}\n`),
    err: (line) => void (stderr += `${showPainted(line)}\n`),
    content: (text) => void (stdout += isTerminal ? showPainted(text) : text),
    columns: () => columns,
    ask(question) {
      questions.push(question);
      return Promise.resolve(answers[questions.length - 1] ?? '');
    },
    stdout: () => stdout,
    stderr: () => stderr,
    questions,
  };
}

export function manualInterrupt(): Interrupt & { press(): void } {
  const controller = new AbortController();
  const handlers: (() => void)[] = [];
  let stopped = false;
  return {
    signal: controller.signal,
    get stopped() {
      return stopped;
    },
    get by() {
      return stopped ? ('SIGINT' as const) : undefined;
    },
    onStop(handler) {
      handlers.push(handler);
      return { [Symbol.dispose]: () => void handlers.splice(handlers.indexOf(handler), 1) };
    },
    press() {
      stopped = true;
      const handler = handlers.at(-1);
      if (handler) handler();
      else controller.abort(new Error('interrupted'));
    },
    [Symbol.dispose]() {},
  };
}

export function planOf(stack: string, overrides: Partial<Plan> = {}): Plan {
  return {
    formatVersion: 1,
    stack,
    mode: 'apply',
    revision: 'a'.repeat(40),
    desired: 'd',
    basis: {},
    changes: [],
    summary: { create: 0, update: 0, replace: 0, delete: 0, noop: 0 },
    confirmations: [],
    diagnostics: [],
    ...overrides,
  };
}

/** A plan that creates one container. */
export function changingPlan(stack: string, overrides: Partial<Plan> = {}): Plan {
  return planOf(stack, {
    changes: [
      {
        id: `local/container/web` as Plan['changes'][number]['id'],
        action: 'create',
        target: 'local',
        kind: 'container',
        name: 'web',
        before: null,
        after: {},
        fields: [],
        cause: 'not found',
        origin: { file: `kombinations/${stack}/kombination.yaml`, line: 7, column: 3 },
        dependsOn: [],
        verify: false,
      },
    ],
    summary: { create: 1, update: 0, replace: 0, delete: 0, noop: 0 },
    ...overrides,
  });
}

export function jobOf(stack: string, overrides: Partial<Job> = {}): Job {
  return {
    id: `job_${stack}`,
    type: 'apply',
    stack,
    status: 'completed',
    trigger: 'cli',
    actor: 'me',
    revision: 'a'.repeat(40),
    planId: null,
    summary: null,
    progress: 100,
    error: null,
    tag: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:03.200Z',
    ...overrides,
  };
}

export function viewOf(name: string, overrides: Partial<StackView> = {}): StackView {
  return {
    name,
    kind: 'kombination',
    file: `kombinations/${name}/kombination.yaml`,
    stackkit: '',
    state: 'in_sync',
    message: null,
    services: [],
    nodes: [],
    diagnostics: [],
    lastJob: null,
    deployment: null,
    drift: { hasDrift: false, checkedAt: null, changes: [] },
    document: {},
    ...overrides,
  };
}

export interface FakeWorld {
  /** Plan for each described stack; an error is what planning it throws. */
  readonly plans: Readonly<Record<string, Plan | Error>>;
  /** Stacks that nothing describes any more. Default: none. */
  readonly leftovers?: readonly StackView[];
  /** End of a job of that stack; default: completed. */
  readonly jobs?: Readonly<Record<string, Partial<Job>>>;
  readonly repository?: Partial<RepositoryStatus>;
  /** Other methods. */
  readonly more?: Partial<Reconciler>;
  /** Runs while jobs are followed. */
  readonly during?: (emit: (event: ReconcilerEvent) => void) => Promise<void> | void;
}

/** A reconciler that knows what it is told; everything else it is asked fails the test. */
export function fakeReconciler(
  world: FakeWorld,
): Reconciler & { readonly applied: unknown[]; closed: boolean } {
  const applied: unknown[] = [];
  const listeners = new Set<(event: ReconcilerEvent) => void>();
  const known: Partial<Reconciler> = {
    refresh: () => Promise.resolve(statusOf(world)),
    repository: () => statusOf(world),
    stackNames: () => Object.keys(world.plans).sort(),
    leftovers: () => Promise.resolve(world.leftovers ?? []),
    tagError: () => null,
    plan({ stack }) {
      const plan = world.plans[stack];
      if (plan === undefined)
        return Promise.reject(new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`));
      if (plan instanceof Error) return Promise.reject(plan);
      return Promise.resolve({ plan, planId: `plan_${stack}`, job: jobOf(stack, { type: 'plan' }) });
    },
    apply(request) {
      applied.push(request);
      return Promise.resolve(jobOf(request.stack, { status: 'queued' }));
    },
    async waitForJob(id): Promise<JobDetail> {
      const stack = id.replace('job_', '');
      await world.during?.((event) => listeners.forEach((listener) => listener(event)));
      return { job: jobOf(stack, world.jobs?.[stack]), steps: [], logs: [] };
    },
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    ...world.more,
  };
  const own = { ...known, applied, closed: false };
  return new Proxy(own as typeof own & Reconciler, {
    get(target, key: string | symbol) {
      const isOwn = key === 'applied' || key === 'closed';
      if (target.closed && !isOwn)
        throw new Error(`the reconciler was asked for ${String(key)} after it was closed`);
      if (key in target || typeof key === 'symbol') return Reflect.get(target, key) as unknown;
      throw new Error(`the reconciler was asked for ${key}`);
    },
  });
}

function statusOf(world: FakeWorld): RepositoryStatus {
  return {
    location: '/srv/config.git',
    branch: 'main',
    root: '',
    revision: {
      commit: 'a'.repeat(40),
      branch: 'main',
      author: { name: 'A', email: 'a@example.org' },
      subject: 's',
      time: '2026-01-01T00:00:00Z',
      dirty: false,
    },
    error: null,
    stacks: Object.keys(world.plans).length,
    diagnostics: [],
    ...world.repository,
  };
}

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly questions: readonly string[];
}

/** One command line against a fake world. */
export async function runFakeCli(
  argv: readonly string[],
  world: FakeWorld,
  options: Parameters<typeof recordTerminal>[0] & { interrupt?: Interrupt; keys?: KeyStore } = {},
): Promise<CliRun & { readonly applied: unknown[] }> {
  const terminal = recordTerminal(options);
  const reconciler = fakeReconciler(world);
  const code = await runCli(argv, {
    terminal,
    interrupt: options.interrupt ?? manualInterrupt(),
    version: '1.2.3',
    now: () => Date.parse('2026-01-01T00:05:00Z'),
    findAnswering: (addresses) => Promise.resolve(addresses),
    openSession() {
      // Some commands look first, and open another one to act.
      reconciler.closed = false;
      const session = createLocalSession({
        reconciler,
        actor: { name: 'me', email: 'me@example.org' },
        close() {
          reconciler.closed = true;
          return Promise.resolve();
        },
      });
      return Promise.resolve(session);
    },
    openKeys: () =>
      options.keys === undefined ? Promise.reject(new Error('no keys here')) : Promise.resolve(options.keys),
    serve: () => Promise.reject(new Error('no daemon here')),
  });
  return {
    code,
    stdout: terminal.stdout(),
    stderr: terminal.stderr(),
    questions: terminal.questions,
    applied: reconciler.applied,
  };
}
