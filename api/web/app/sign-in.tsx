import { useEffect, useState } from 'preact/hooks';
import { ApiError, toApiError } from '../client/request.ts';
import { linkError, session, signIn } from './session.ts';
import type { SignIn as Credentials } from './session.ts';

/** Reasons with which a provider sends people back. */
const FAILURES: Readonly<Record<string, string>> = {
  denied: 'The provider says that you did not agree.',
  'domain-refused': 'Addresses of your domain may not sign in here.',
  'no-account': 'There is no account for you here. Ask an admin for one.',
  'not-authenticated': 'The provider does not know you.',
};

/** Asks who is there. */
export function SignIn() {
  const methods = session.value?.methods;
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Kombinator';
    const reason = /^#failed=([\w-]+)$/.exec(location.hash)?.[1];
    if (reason === undefined) return;
    history.replaceState(null, '', location.pathname);
    setError(new ApiError(401, 'UNAUTHORIZED', FAILURES[reason] ?? `Signing in failed (${reason}).`, null));
  }, []);
  const submit = async (credentials: Credentials): Promise<void> => {
    setBusy(true);
    setError(null);
    linkError.value = null;
    try {
      await signIn(credentials);
    } catch (refused) {
      setError(toApiError(refused));
      setBusy(false);
    }
  };
  const problem = error ?? linkError.value;
  return (
    <main class="alone">
      <div class="sign-in">
        <img src="/ui/icon.svg" width="48" height="48" alt="" />
        <h1>Kombinator</h1>
        {problem !== null && (
          <p class="problem" role="alert">
            {problem.message}
          </p>
        )}
        {methods?.password === true && <PasswordForm isBusy={isBusy} submit={submit} />}
        {methods?.providers.map(({ name, display_name: text }) => (
          <a key={name} class="button" href={`/api/v1/session/providers/${encodeURIComponent(name)}`}>
            Sign in with {text}
          </a>
        ))}
        <KeyForm isOnly={methods?.password !== true} isBusy={isBusy} submit={submit} />
      </div>
    </main>
  );
}

interface FormProps {
  readonly isBusy: boolean;
  readonly submit: (credentials: Credentials) => Promise<void>;
}

function PasswordForm({ isBusy, submit }: FormProps) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit({ email, password });
      }}
    >
      <label class="field">
        <span>E-mail</span>
        <input
          type="email"
          required
          autocomplete="username"
          value={email}
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Password</span>
        <input
          type="password"
          required
          autocomplete="current-password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={isBusy}>
        Sign in
      </button>
    </form>
  );
}

/** The one way in where there are no passwords, and beside them the second. */
function KeyForm({ isOnly, isBusy, submit }: FormProps & { readonly isOnly: boolean }) {
  const [key, setKey] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit({ key: key.trim() });
      }}
    >
      <label class="field">
        <span>API key</span>
        <input
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
      <p class="muted small">
        On the machine of the daemon, <code>kombinator page</code> prints a link that signs you in. The first
        key is in <code>admin.key</code> of its state directory.
      </p>
      <button type="submit" class={isOnly ? 'primary' : undefined} disabled={isBusy}>
        Sign in with the key
      </button>
    </form>
  );
}
