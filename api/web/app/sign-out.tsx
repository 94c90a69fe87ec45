import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Confirm } from '../parts/confirm.tsx';
import { signOut } from './session.ts';
import type { Deed } from './use-deed.ts';
import { useDeed } from './use-deed.ts';
import { tellUnsaved } from './unsaved.ts';

const asks = signal(false);

/** Signs this browser out; asks first where something would be lost. */
export function useLeaving(): Deed {
  return useDeed('Not signed out', async () => {
    if (tellUnsaved().length === 0) await signOut();
    else asks.value = true;
  });
}

/** Question that is asked where something would be lost. */
export function AskSignOut() {
  const close = (): void => {
    asks.value = false;
  };
  useEffect(() => close, []);
  if (!asks.value) return null;
  return (
    <Confirm
      title="Sign out, and lose what is not committed?"
      action="Sign out, and lose it"
      isDangerous
      onConfirm={signOut}
      onClose={close}
    >
      <p>These are kept in this page alone, until you sign out:</p>
      <ul>
        {tellUnsaved().map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </Confirm>
  );
}
