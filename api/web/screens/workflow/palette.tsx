import { useMemo, useRef, useState } from 'preact/hooks';
import { Search } from 'lucide';
import type { Template } from '../../client/workflow-types.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { iconOf } from './node-words.ts';
import { useWork } from './work.ts';

const TITLES: Readonly<Record<string, string>> = {
  core: 'Things that run',
  networking: 'Ways in and between',
  configuration: 'Settings and secrets',
  storage: 'Storage',
  advanced: 'Anything else',
};

/** The catalogue: what can be put into the drawing. */
export function Palette({
  onChoose,
  onClose,
}: {
  onChoose: (template: Template) => void;
  onClose: () => void;
}) {
  const { catalogue } = useWork();
  const [text, search] = useState('');
  const body = useRef<HTMLDivElement>(null);
  const groups = useMemo(() => groupsOf(catalogue.templates, text), [catalogue, text]);
  return (
    <Dialog title="Add a node" onClose={onClose} wide>
      <label class="search palette-search">
        <span class="visually-hidden">Search the catalogue</span>
        <Icon of={Search} size={16} />
        <input
          type="search"
          autoFocus
          placeholder="What is it to be? postgres, certificate, address …"
          value={text}
          onInput={(event) => search(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
            event.preventDefault();
            body.current?.querySelector<HTMLElement>('button')?.focus();
          }}
        />
      </label>
      <div ref={body} class="palette">
        {groups.length === 0 && <Empty title="The catalogue has nothing like that." />}
        {groups.map(([category, templates]) => (
          <section key={category}>
            <h3>{TITLES[category] ?? category}</h3>
            <ul>
              {templates.map((template) => (
                <li key={template.id}>
                  <button type="button" onClick={() => onChoose(template)}>
                    <Icon of={iconOf(template.type)} />
                    <span>
                      <b>{template.display_name}</b>
                      <span class="muted small">{template.description}</span>
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

type Group = readonly [category: string, templates: readonly Template[]];

function groupsOf(templates: readonly Template[], text: string): readonly Group[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = templates.filter((one) => {
    const all = [one.id, one.display_name, one.category, one.description].join(' ').toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const groups = new Map<string, Template[]>();
  for (const one of found) groups.set(one.category, [...(groups.get(one.category) ?? []), one]);
  return [...groups];
}
