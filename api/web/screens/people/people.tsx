import { may } from '../../app/session.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Keys } from './keys.tsx';
import { Logins } from './logins.tsx';
import { Users } from './users.tsx';
import './people.css';

/** Shows who may do what here: users and keys for admins, and for everybody the browsers that are signed in as them. */
export function People() {
  const isAdmin = may('admin');
  return (
    <>
      <PageHead title={isAdmin ? 'Users and keys' : 'Your browsers'} />
      {isAdmin && <Users />}
      {isAdmin && <Keys />}
      <Logins />
    </>
  );
}
