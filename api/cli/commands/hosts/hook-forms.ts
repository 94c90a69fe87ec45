import type { GitHostKind } from '../../../../reconciler/index.ts';

interface Values {
  readonly address: string;
  readonly secret: string;
  /** Names with commas between. */
  readonly events: string;
}

/** Form in which a host asks for a hook. */
interface HookForm {
  /** Page of the form, below the address of the repository. */
  readonly page: string;
  /** Boxes that are to be ticked, as the form calls them. */
  readonly events: readonly string[];
  /** Fields as the form calls them, with what goes into them. */
  rows(values: Values): readonly (readonly [field: string, value: string])[];
}

const JSON_TYPE = 'application/json';

const GITEA_EVENTS = [
  'Push',
  'Create',
  'Delete',
  'Pull Request',
  'Pull Request Synchronized',
  'Pull Request Comment',
];

function giteaForm(page: string): HookForm {
  return {
    page,
    events: GITEA_EVENTS,
    rows: ({ address, secret, events }) => [
      ['Target URL', address],
      ['HTTP Method', 'POST'],
      ['POST Content Type', JSON_TYPE],
      ['Secret', secret],
      ['Custom Events', events],
    ],
  };
}

export const HOOK_FORMS: Readonly<Record<GitHostKind, HookForm>> = {
  github: {
    page: '/settings/hooks/new',
    events: ['Pushes', 'Pull requests', 'Issue comments'],
    rows: ({ address, secret, events }) => [
      ['Payload URL', address],
      ['Content type', JSON_TYPE],
      ['Secret', secret],
      ['Individual events', events],
    ],
  },
  gitlab: {
    page: '/-/hooks',
    events: ['Push events', 'Tag push events', 'Comments', 'Merge request events'],
    rows: ({ address, secret, events }) => [
      ['URL', address],
      // Secrets of this form sign; all others are sent along.
      ['Signing token if it begins with whsec_, else Secret token', secret],
      ['Trigger', events],
    ],
  },
  gitea: giteaForm('/settings/hooks/gitea/new'),
  forgejo: giteaForm('/settings/hooks/forgejo/new'),
  bitbucket: {
    page: '/admin/webhooks',
    events: [
      'Repository: Push',
      'Pull request: Created',
      'Pull request: Updated',
      'Pull request: Merged',
      'Pull request: Declined',
      'Pull request: Comment created',
    ],
    rows: ({ address, secret, events }) => [
      ['URL', address],
      ['Secret', secret],
      ['Triggers', events],
    ],
  },
};
