import { useState } from 'preact/hooks';
import { CircleCheck, CircleX, History, Lock, ShieldCheck, TriangleAlert } from 'lucide';
import type { HealthWord } from '../../client/api-types.ts';
import type { BackupView, DatabaseView, VerifyResult } from '../../client/fleet-types.ts';
import { tellBytes } from '../../client/quantities.ts';
import { post, toApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { count, HEALTH } from '../../client/words.ts';
import { DeedButton } from '../../app/deed-button.tsx';
import { may } from '../../app/session.ts';
import { useDeed } from '../../app/use-deed.ts';
import { Icon } from '../../parts/icon.tsx';
import { HealthState } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { backUp } from './back-up.tsx';
import type { Holding } from './holdings.ts';
import { sizeOf, tellKind, tellService } from './holdings.ts';
import { RestoreDialog } from './restore.tsx';

/** Backups that are shown at once. */
const SHOWN = 3;

interface HoldingProps {
  readonly holding: Holding;
  /** Its stack is not described any more. */
  readonly isGone: boolean;
}

/** One database, volume or directory, and its backups. */
export function HoldingCard({ holding, isGone }: HoldingProps) {
  const { stack, service, database, backups } = holding;
  const [newest] = backups;
  const deed = useDeed('Not backed up', () => backUp(stack, service));
  return (
    <section class="card holding" aria-label={`${stack} / ${service}`}>
      <div class="card-head">
        <div class="holding-name">
          <h2>
            {isGone ? stack : <a href={stackAddress(stack)}>{stack}</a>} / {tellService(service)}
          </h2>
          <span class="muted small">{tellKind(holding)}</span>
          {database !== null && isHealth(database.status) && <HealthState of={database.status} />}
          {newest !== undefined && (
            <span class="muted small">
              newest backup <Time at={newest.time} />
            </span>
          )}
          {isGone && <span class="muted small">its stack is gone; the backups are kept</span>}
        </div>
        {!isGone && may('deployer') && <DeedButton of={deed}>Back up {tellService(service)} now</DeedButton>}
      </div>
      <div class="card-body">
        {database !== null && <Database of={database} />}
        {newest === undefined ? (
          <p class="none">
            <Icon of={TriangleAlert} size={16} /> There is no backup yet.
          </p>
        ) : (
          <>
            <Backups of={backups.slice(0, SHOWN)} isGone={isGone} />
            {backups.length > SHOWN && (
              <details>
                <summary>{count(backups.length - SHOWN, 'older backup')}</summary>
                <Backups of={backups.slice(SHOWN)} isGone={isGone} />
              </details>
            )}
          </>
        )}
      </div>
    </section>
  );
}

function isHealth(status: string): status is HealthWord {
  return status in HEALTH;
}

function Database({ of }: { of: DatabaseView }) {
  const { node, image, connections, databases, error } = of;
  const size = sizeOf(of);
  return (
    <>
      {error !== null && (
        <div class="notice tone-warn">
          <Icon of={TriangleAlert} />
          <p>{error}</p>
        </div>
      )}
      <dl class="facts">
        <div>
          <dt>Image</dt>
          <dd>
            <code>{image}</code>
          </dd>
        </div>
        <div>
          <dt>Runs on</dt>
          <dd>{node}</dd>
        </div>
        {size !== null && (
          <div>
            <dt>Size</dt>
            <dd>{tellBytes(size)}</dd>
          </div>
        )}
        {connections !== null && (
          <div>
            <dt>Connections</dt>
            <dd>{connections.toLocaleString('en')}</dd>
          </div>
        )}
      </dl>
      {databases.length > 0 && (
        <ul class="databases">
          {databases.map(({ name, size_bytes: bytes, connections: open }) => (
            <li key={name}>
              <span>{name}</span>
              <span class="muted small">
                {tellBytes(bytes)}
                {open !== null && `, ${count(open, 'connection')}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Backups({ of, isGone }: { of: readonly BackupView[]; isGone: boolean }) {
  return (
    <ul class="backups">
      {of.map((one) => (
        <Backup key={`${one.location} ${one.file}`} backup={one} isGone={isGone} />
      ))}
    </ul>
  );
}

const RESULTS: Readonly<
  Record<VerifyResult['result'], { readonly isGood: boolean; readonly words: string }>
> = {
  whole: { isGood: true, words: 'Whole: every byte is as it was read.' },
  stored: { isGood: true, words: 'Stored as it was written; nobody here can decrypt it.' },
  damaged: { isGood: false, words: 'Damaged: do not rely on it.' },
  unreadable: { isGood: false, words: 'Cannot be read.' },
};

function Backup({ backup, isGone }: { backup: BackupView; isGone: boolean }) {
  const { time, size_bytes: bytes, before_restore: isBefore, encrypted, destination, file } = backup;
  const [restores, restore] = useState(false);
  return (
    <li>
      <div title={file}>
        <Time at={time} /> <span class="muted small">{tellBytes(bytes)}</span>
        <p class="muted small">
          {encrypted && (
            <>
              <Icon of={Lock} size={13} /> encrypted{' '}
            </>
          )}
          {destination !== null && <>at {destination} </>}
          {isBefore && 'made by itself before a restore'}
        </p>
      </div>
      {may('deployer') && (
        <div class="page-actions">
          <VerifyButton backup={backup} />
          {!isGone && (
            <button type="button" onClick={() => restore(true)}>
              <Icon of={History} size={16} /> Restore …
            </button>
          )}
        </div>
      )}
      {restores && <RestoreDialog backup={backup} onClose={() => restore(false)} />}
    </li>
  );
}

function VerifyButton({ backup: { stack, service, file } }: { backup: BackupView }) {
  const [found, setFound] = useState<VerifyResult | null>(null);
  const verify = useDeed('Not verified', async () => {
    setFound(null);
    try {
      setFound(await post<VerifyResult>('/backups/verify', { stack, service, file }));
    } catch (error) {
      setFound({ result: 'unreadable', message: toApiError(error).message });
    }
  });
  return (
    <>
      <span aria-live="polite" class="small verified">
        {found !== null && (
          <span class={RESULTS[found.result].isGood ? 'is-good' : 'is-bad'}>
            <Icon of={RESULTS[found.result].isGood ? CircleCheck : CircleX} size={15} />{' '}
            {RESULTS[found.result].words} {RESULTS[found.result].isGood ? '' : found.message}
          </span>
        )}
      </span>
      <DeedButton of={verify}>
        <Icon of={ShieldCheck} size={16} /> {verify.isBusy ? 'Reading it …' : 'Verify'}
      </DeedButton>
    </>
  );
}
