import { useState } from 'preact/hooks';
import { Pencil, Plus, Trash2 } from 'lucide';
import type { Role } from '../../client/api-types.ts';
import type { UserView } from '../../client/fleet-types.ts';
import { get, post, remove, request } from '../../client/request.ts';
import { withArticle } from '../../client/words.ts';
import { useLoad } from '../../client/use-load.ts';
import { announce } from '../../app/announce.tsx';
import { session } from '../../app/session.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Time } from '../../parts/time.tsx';
import { RoleField } from './roles.tsx';

const SHORTEST_PASSWORD = 6;

/** People who sign in with an address: their roles, and how they show who they are. */
export function Users() {
  const { data, error, reload } = useLoad('users', (signal) =>
    get<{ users: readonly UserView[] }>('/users', signal),
  );
  const [asks, ask] = useState(false);
  return (
    <section class="card" aria-label="Users">
      <div class="card-head">
        <h2>Users</h2>
        <button type="button" onClick={() => ask(true)}>
          <Icon of={Plus} /> New user …
        </button>
      </div>
      {data === null ? (
        <div class="card-body">
          {error === null ? <Waiting what="users" /> : <Failed error={error} retry={reload} />}
        </div>
      ) : data.users.length === 0 ? (
        <Empty title="There are no users yet.">
          <p>With a user of their own, everybody signs in with an address, and commits carry their name.</p>
        </Empty>
      ) : (
        <ul class="people">
          {data.users.map((one) => (
            <User key={one.id} of={one} onChanged={reload} />
          ))}
        </ul>
      )}
      {asks && <NewUser onClose={() => ask(false)} onMade={reload} />}
    </section>
  );
}

function User({ of, onChanged }: { of: UserView; onChanged: () => void }) {
  const { id, name, email, role, provider, has_password: hasPassword, created_at: created } = of;
  const [asks, ask] = useState<'change' | 'delete' | null>(null);
  const close = (): void => ask(null);
  const deleteUser = async (): Promise<void> => {
    await remove(`/users/${encodeURIComponent(id)}`);
    announce(`${name} is removed.`);
    onChanged();
  };
  return (
    <li>
      <div>
        <b>{name}</b> <span class="role">{role}</span>
        {session.value?.email === email && <span class="muted small"> you</span>}
        <p class="muted small">
          {email}, signs in{' '}
          {provider !== null ? `at ${provider}` : hasPassword ? 'with a password' : 'at a provider'}, made{' '}
          <Time at={created} />
        </p>
      </div>
      <div class="page-actions">
        <button type="button" aria-label={`Change ${name} …`} onClick={() => ask('change')}>
          <Icon of={Pencil} size={16} /> Change …
        </button>
        <button type="button" aria-label={`Remove ${name} …`} onClick={() => ask('delete')}>
          <Icon of={Trash2} size={16} /> Remove …
        </button>
      </div>
      {asks === 'change' && <ChangeUser user={of} onClose={close} onChanged={onChanged} />}
      {asks === 'delete' && (
        <Confirm
          title={`Remove ${name}?`}
          action={`Remove ${name}`}
          isDangerous
          onConfirm={deleteUser}
          onClose={close}
        >
          <p>
            {email} cannot sign in any more, and is signed out everywhere at once. Commits that were made
            stay.
          </p>
        </Confirm>
      )}
    </li>
  );
}

interface ChangeUserProps {
  readonly user: UserView;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

function ChangeUser({ user, onClose, onChanged }: ChangeUserProps) {
  const [name, setName] = useState(user.name);
  const [role, choose] = useState(user.role);
  const change = async (): Promise<void> => {
    await request('PATCH', `/users/${encodeURIComponent(user.id)}`, {
      body: { name: name.trim(), ...(role !== user.role && { role }) },
    });
    announce(`${name.trim()} is ${role} now.`);
    onChanged();
  };
  return (
    <Confirm
      title={`Change ${user.name}`}
      action={role === user.role ? 'Save the name' : `Make ${name.trim()} ${withArticle(role)}`}
      canConfirm={name.trim() !== '' && (name.trim() !== user.name || role !== user.role)}
      onConfirm={change}
      onClose={onClose}
    >
      <label class="field">
        <span>Name</span>
        <input maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <RoleField value={role} onChoose={choose} />
      {role !== user.role && <p class="small">With another role, {user.name} has to sign in again.</p>}
    </Confirm>
  );
}

function NewUser({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [form, setForm] = useState({ email: '', name: '', password: '' });
  const [role, choose] = useState<Role>('viewer');
  const { email, name, password } = form;
  const isValid =
    /^\S+@\S+$/.test(email) &&
    name.trim() !== '' &&
    (password === '' || password.length >= SHORTEST_PASSWORD);
  const field = (key: keyof typeof form) => ({
    value: form[key],
    onInput: (event: { readonly currentTarget: HTMLInputElement }) =>
      setForm((before) => ({ ...before, [key]: event.currentTarget.value })),
  });
  const make = async (): Promise<void> => {
    const body = { email, name: name.trim(), role, ...(password !== '' && { password }) };
    await post<UserView>('/users', body);
    announce(`${name.trim()} may sign in now.`);
    onMade();
  };
  return (
    <Confirm
      title="New user"
      action={isValid ? `Make ${name.trim()} ${withArticle(role)}` : 'Make the user'}
      canConfirm={isValid}
      onConfirm={make}
      onClose={onClose}
    >
      <label class="field">
        <span>Address</span>
        <input type="email" autoFocus autocomplete="off" {...field('email')} />
      </label>
      <label class="field">
        <span>Name, as it stands in commits</span>
        <input autocomplete="off" maxLength={100} {...field('name')} />
      </label>
      <label class="field">
        <span>Password (six characters or more; empty: signs in at a provider with this address)</span>
        <input type="password" autocomplete="new-password" {...field('password')} />
      </label>
      <RoleField value={role} onChoose={choose} />
    </Confirm>
  );
}
