import { CircleX } from 'lucide';
import type { JobDetail, StackDetail } from '../../client/api-types.ts';
import { get } from '../../client/request.ts';
import type { LogList } from '../../client/run-types.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { Icon } from '../../parts/icon.tsx';

/** Lines of each service that are shown. */
const LAST_LINES = 15;

interface LastLines {
  readonly service: string;
  readonly lines: readonly string[];
}

interface Findings {
  readonly printed: readonly LastLines[];
  /** True where an earlier deployment went well. */
  readonly canGoBack: boolean;
}

/** Asks what the services printed whose steps failed, and whether there is a way back. */
async function look(job: JobDetail, signal: AbortSignal): Promise<Findings> {
  const path = `/stacks/${encodeURIComponent(job.stack_id)}`;
  const failed = new Set(job.steps.filter(({ status }) => status === 'failed').map(({ name }) => name));
  const { services, deployment } = await get<StackDetail>(path, signal);
  const names = services.filter(({ resource }) => failed.has(resource)).map(({ name }) => name);
  const canGoBack = deployment !== null;
  if (names.length === 0) return { printed: [], canGoBack };
  const asked = encodeURIComponent(names.join(','));
  const { logs } = await get<LogList>(`${path}/logs?services=${asked}&tail=${LAST_LINES}`, signal);
  const printed = names.map((service) => ({
    service,
    lines: logs.filter((line) => line.service === service).map(({ msg }) => msg),
  }));
  return { printed, canGoBack };
}

/** The reason for a failure, what the service itself printed, and what to do next. */
export function JobFailure({ job }: { job: JobDetail }) {
  const hasFailed = job.status === 'failed';
  const { data } = useLoad(hasFailed ? `last lines ${job.id}` : null, (signal) => look(job, signal));
  if (!hasFailed || job.error === null) return null;
  const { code, message } = job.error;
  const { printed = [], canGoBack = false } = data ?? {};
  const isMute = printed.length > 0 && printed.every(({ lines }) => lines.length === 0);
  return (
    <section class="notice tone-bad failure" aria-label="Failure">
      <Icon of={CircleX} />
      <div>
        <p>
          <b>{message}</b>
        </p>
        <p>{adviceFor(code, printed)}</p>
        {printed.map(({ service, lines }) => (
          <LinesOf key={service} service={service} lines={lines} />
        ))}
        <p class="ways">
          <a href={stackAddress(job.stack_id)}>How it stands now</a>
          {!isMute && <a href={stackAddress(job.stack_id, 'logs')}>All its logs</a>}
          <a href={stackAddress(job.stack_id, 'files')}>Its files</a>
          <a href={stackAddress(job.stack_id, 'plan')}>Plan again</a>
          {canGoBack && <a href={stackAddress(job.stack_id, 'history')}>Go back to an earlier deployment</a>}
        </p>
      </div>
    </section>
  );
}

function LinesOf({ service, lines }: LastLines) {
  if (lines.length === 0)
    return (
      <p class="muted">
        <b>{service}</b> printed nothing.
      </p>
    );
  return (
    <figure>
      <figcaption class="small">
        <b>{service}</b> printed last:
      </figcaption>
      <pre class="code last-lines" tabIndex={0} aria-label={`Last lines of ${service}`}>
        {lines.join('\n')}
      </pre>
    </figure>
  );
}

const ADVICE: Readonly<Record<string, string>> = {
  UNHEALTHY:
    'It was started, but did not become well in time. Correct its file or its image, and commit: that tries again.',
  HOOK_FAILED: 'A command that belongs to it ended with an error. Correct it, and commit: that tries again.',
  TARGET_UNREACHABLE: 'Its machine does not answer. It is tried again by itself once the machine is back.',
  IMAGE_NOT_FOUND: 'There is no such image. Correct its name or its tag in the file, and commit.',
  IMAGE_PULL_FAILED: 'The image could not be fetched. It is tried again; look whether its registry answers.',
  REGISTRY_UNAUTHORIZED: 'The registry wants to know who asks. Give its name and password to Kombinator.',
  PORT_TAKEN: 'Something else on the machine uses this port. Choose another in the file, and commit.',
  CONFIRMATION_REQUIRED: 'Plan it, look at what needs your yes, and apply it there.',
};

function adviceFor(code: string, printed: readonly LastLines[]): string {
  const advice = ADVICE[code] ?? 'Correct what the message says in its files, and commit: that tries again.';
  return printed.some(({ lines }) => lines.length > 0) ? `Read what it printed last. ${advice}` : advice;
}
