import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import { Plus } from 'lucide';
import { UI } from '../../client/home.ts';
import type { TagView } from '../../client/fleet-types.ts';
import { cutPage, pageOf } from '../../client/pages.ts';
import { get, query } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import { may } from '../../app/session.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useListKeys } from '../../app/use-list-keys.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Chips } from '../../parts/chips.tsx';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager } from '../../parts/pager.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { CommitLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';
import { CreateTag } from './create-tag.tsx';
import { TagDialog } from './tag-dialog.tsx';
import './tags.css';

const PER_PAGE = 50;

/** All tags, kept up to date. */
function useTags() {
  const loaded = useLoad('tags', (signal) => get<{ tags: readonly TagView[] }>('/tags', signal));
  const soon = useCalmly(loaded.reload, 500, 3_000);
  useEvent('repository', soon);
  useEvent('job', soon);
  useMissed(loaded.reload);
  return loaded;
}

/** Filter, page and open tag as they stand in the address. */
function useAddress() {
  const { query: address, route } = useLocation();
  const { q = '', kind = 'release', tag: opened } = address;
  const page = pageOf(address['page']);
  const addressOf = (changes: Readonly<Record<string, string | number>>): string =>
    `${UI}/tags${query({ q, kind: kind === 'release' ? '' : kind, ...changes })}`;
  const go = (changes: Readonly<Record<string, string | number>>, replace = false): void =>
    route(addressOf(changes), replace);
  // Opening and closing a tag stays on the page.
  const here = page === 1 ? {} : { page };
  return {
    q,
    kind,
    page,
    opened,
    go,
    hrefOf: ({ name }: TagView): string => addressOf({ ...here, tag: name }),
    close: (): void => go(here, true),
  };
}

/** Tags that people put on what is to be deployed, and those that deployments leave. The filter and the open one stand in the address. */
export function Tags() {
  const { q, kind, page, opened, go, hrefOf, close } = useAddress();
  const { data, error, reload } = useTags();
  const search = useRef<HTMLInputElement>(null);
  const [creates, create] = useState(false);
  useKeys({
    '/': ['Search tags', () => search.current?.focus()],
    n: ['New release tag', () => may('deployer') && create(true)],
  });
  const all = data?.tags ?? [];
  const found = all.filter(
    ({ scheme, name }) => scheme === kind && name.toLowerCase().includes(q.toLowerCase()),
  );
  return (
    <>
      <PageHead title="Release tags">
        {may('deployer') && (
          <button type="button" class="primary" onClick={() => create(true)}>
            <Icon of={Plus} /> New release tag …
          </button>
        )}
      </PageHead>
      {creates && <CreateTag onClose={() => create(false)} onMade={reload} />}
      <div class="filters">
        <SearchField
          input={search}
          label="Search tags"
          placeholder="Name"
          value={q}
          onSearch={(text) => go({ q: text }, true)}
        />
        <KindChips
          tags={all}
          chosen={kind}
          onChoose={(next) => go({ kind: next === 'release' ? '' : next }, true)}
        />
      </div>
      {data !== null ? (
        <TagList
          of={found}
          kind={kind}
          q={q}
          page={page}
          onPage={(next) => go({ page: next })}
          hrefOf={hrefOf}
        />
      ) : error !== null ? (
        <Failed error={error} retry={reload} />
      ) : (
        <Waiting what="tags" />
      )}
      {opened !== undefined && <TagDialog key={opened} name={opened} onClose={close} onChanged={reload} />}
    </>
  );
}

interface KindChipsProps {
  readonly tags: readonly TagView[];
  readonly chosen: string;
  readonly onChoose: (kind: TagView['scheme']) => void;
}

function KindChips({ tags, chosen, onChoose }: KindChipsProps) {
  const textOf = (kind: TagView['scheme'], words: string): string =>
    `${words} ${tags.filter(({ scheme }) => scheme === kind).length.toLocaleString('en')}`;
  const chips = [
    {
      value: 'release' as const,
      text: textOf('release', 'Releases'),
      meaning: 'Put by people on what is to be deployed.',
    },
    {
      value: 'deployment' as const,
      text: textOf('deployment', 'Deployments'),
      meaning: 'Left by every deployment: what was deployed, and when.',
    },
  ];
  return (
    <Chips
      label="Kind of tags"
      chips={chips}
      chosen={chosen}
      isChoice
      onChoose={(kind) => kind !== '' && onChoose(kind)}
    />
  );
}

interface TagListProps {
  readonly of: readonly TagView[];
  readonly kind: string;
  readonly q: string;
  readonly page: number;
  readonly onPage: (page: number) => void;
  /** Address at which a tag is open. */
  readonly hrefOf: (tag: TagView) => string;
}

function TagList({ of, kind, q, page, onPage, hrefOf }: TagListProps) {
  const { shown, pagination } = cutPage(of, page, PER_PAGE);
  const body = useRef<HTMLTableSectionElement>(null);
  useListKeys(body, 'a', 'tag');
  const isRelease = kind === 'release';
  if (of.length === 0) return <NoTags kind={kind} isFiltered={q !== ''} />;
  return (
    <>
      <div class="card table-frame">
        <table class="tags">
          <thead>
            <tr>
              <th>Tag</th>
              <th>{isRelease ? 'Service' : 'Stack'}</th>
              <th>Commit</th>
              <th>Put on</th>
              {isRelease && <th>Says</th>}
            </tr>
          </thead>
          <tbody ref={body}>
            {shown.map((one) => (
              <Row key={one.name} tag={one} href={hrefOf(one)} />
            ))}
          </tbody>
        </table>
      </div>
      <Pager of={pagination} onPage={onPage} />
      <p class="visually-hidden" aria-live="polite">
        {count(of.length, 'tag')}
      </p>
    </>
  );
}

function Row({ tag, href }: { tag: TagView; href: string }) {
  const { name, scheme, subject, commit, time, message } = tag;
  return (
    <tr>
      <td>
        {scheme === 'release' ? (
          <a class="tag-name" href={href}>
            {name}
          </a>
        ) : (
          <span class="tag-name">{name}</span>
        )}
      </td>
      <td>{scheme === 'release' ? subject : <a href={stackAddress(subject, 'history')}>{subject}</a>}</td>
      <td class="nowrap">
        <CommitLink commit={commit} />
      </td>
      <td class="nowrap">
        <Time at={time} />
      </td>
      {scheme === 'release' && <td class="muted">{message.split('\n', 1)[0]}</td>}
    </tr>
  );
}

function NoTags({ kind, isFiltered }: { kind: string; isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty title="No tag is called like that.">
        <a class="button" href={`${UI}/tags${query({ kind: kind === 'release' ? '' : kind })}`}>
          Show all
        </a>
      </Empty>
    );
  if (kind === 'deployment')
    return (
      <Empty title="Nothing has been deployed yet.">
        <p>
          Every deployment leaves a tag such as <code>deploy/website/1</code> in the config repository.
        </p>
      </Empty>
    );
  return (
    <Empty title="There are no release tags yet.">
      <p>
        A release tag such as <code>website-v1.2.0-prod</code> gives a commit a name that people can speak of.
        It can be deployed later, moved, and compared with what runs.
      </p>
    </Empty>
  );
}
