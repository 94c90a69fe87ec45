import { useRef, useState } from 'preact/hooks';
import { Copy, Plus, Trash2 } from 'lucide';
import type { Role } from '../../client/api-types.ts';
import type { KeyView } from '../../client/fleet-types.ts';
import { get, post, remove } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { announce } from '../../app/announce.tsx';
import { useKeys } from '../../app/use-keys.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Time } from '../../parts/time.tsx';
import { RoleField } from './roles.tsx';

type MadeKey = KeyView & { readonly key: string };

/** API keys: for programs, and for people who sign in with one. A new one is shown once. */
export function Keys() {
  const { data, error, reload } = useLoad('keys', (signal) =>
    get<{ keys: readonly KeyView[] }>('/keys', signal),
  );
  const [asks, ask] = useState(false);
  const [made, setMade] = useState<MadeKey | null>(null);
  useKeys({ n: ['New key', () => ask(true)] });
  return (
    <section class="card" aria-label="Keys">
      <div class="card-head">
        <h2>Keys</h2>
        <button type="button" onClick={() => ask(true)}>
          <Icon of={Plus} /> New key …
        </button>
      </div>
      {data === null ? (
        <div class="card-body">
          {error === null ? <Waiting what="keys" /> : <Failed error={error} retry={reload} />}
        </div>
      ) : data.keys.length === 0 ? (
        <Empty title="There are no keys.">
          <p>
            A key lets a program, or a person, in: in the header X-API-KEY, or on the page for signing in.
          </p>
        </Empty>
      ) : (
        <ul class="people">
          {data.keys.map((one) => (
            <Key key={one.id} of={one} onDeleted={reload} />
          ))}
        </ul>
      )}
      {asks && (
        <NewKey
          onClose={() => ask(false)}
          onMade={(key) => {
            setMade(key);
            reload();
          }}
        />
      )}
      {!asks && made !== null && <ShowKey made={made} onClose={() => setMade(null)} />}
    </section>
  );
}

function Key({ of, onDeleted }: { of: KeyView; onDeleted: () => void }) {
  const { id, name, role, created_at: created, is_file: isFile } = of;
  const [asks, ask] = useState(false);
  const deleteKey = async (): Promise<void> => {
    await remove(`/keys/${encodeURIComponent(id)}`);
    announce(`The key ${name} is deleted.`);
    onDeleted();
  };
  return (
    <li>
      <div>
        <b>{name}</b> <span class="role">{role}</span>
        <p class="muted small">
          made <Time at={created} />
          {isFile && ', stands in admin.key of the state directory'}
        </p>
      </div>
      {!isFile && (
        <button type="button" aria-label={`Delete the key ${name} …`} onClick={() => ask(true)}>
          <Icon of={Trash2} size={16} /> Delete …
        </button>
      )}
      {asks && (
        <Confirm
          title={`Delete the key ${name}?`}
          action={`Delete ${name}`}
          isDangerous
          onConfirm={deleteKey}
          onClose={() => ask(false)}
        >
          <p>Whatever uses it is refused from now on, and browsers that signed in with it are signed out.</p>
        </Confirm>
      )}
    </li>
  );
}

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (key: MadeKey) => void }) {
  const [name, setName] = useState('');
  const [role, choose] = useState<Role>('viewer');
  const make = async (): Promise<void> => {
    onMade(await post<MadeKey>('/keys', { name: name.trim(), role }));
  };
  return (
    <Confirm
      title="New key"
      action={name.trim() === '' ? 'Make the key' : `Make a key for ${name.trim()}`}
      canConfirm={name.trim() !== ''}
      onConfirm={make}
      onClose={onClose}
    >
      <label class="field">
        <span>Whom or what is it for?</span>
        <input
          autoFocus
          autocomplete="off"
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <RoleField value={role} onChoose={choose} />
    </Confirm>
  );
}

/** Shows a key that has just been made: nobody can see it again. */
function ShowKey({ made: { name, key }, onClose }: { made: MadeKey; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    field.current?.select();
    // Pages over http may not write to the clipboard: what is selected can be copied by hand.
    void navigator.clipboard?.writeText(key).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <Dialog title={`Key for ${name}`} isKept onClose={onClose}>
      <p>Copy it now: it is shown this once, and kept nowhere in a form that can be read.</p>
      <div class="made-key">
        <input
          ref={field}
          class="mono"
          aria-label={`Key for ${name}`}
          readOnly
          value={key}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" class="primary" onClick={copy}>
          <Icon of={Copy} size={16} /> Copy
        </button>
      </div>
      <p class="small" aria-live="polite">
        {isCopied ? 'Copied.' : ''}
      </p>
      <div class="actions">
        <button type="button" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
