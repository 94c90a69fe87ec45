import { useState } from 'preact/hooks';
import { Search } from 'lucide';
import type { Kit, KitService } from '../../client/history-types.ts';
import { get } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { enumerate } from '../../client/words.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { showValue } from '../../parts/value.tsx';

interface KitChoiceProps {
  readonly kit: string;
  readonly services: readonly string[];
  readonly change: (next: { kit?: string; services?: readonly string[] }) => void;
}

/** The kits, and the services of the one that is chosen. */
export function KitChoice({ kit, services, change }: KitChoiceProps) {
  const { data, error, reload } = useLoad('kits', (signal) =>
    get<{ readonly kits: readonly Kit[] }>('/kits', signal),
  );
  if (data === null)
    return error === null ? <Waiting what="the kits" /> : <Failed error={error} retry={reload} />;
  if (data.kits.length === 0) return <Empty title="There are no kits." />;
  const chosen = data.kits.find(({ name }) => name === kit);
  return (
    <>
      <label class="field kit">
        <span>Kit</span>
        <select value={kit} onChange={(event) => change({ kit: event.currentTarget.value, services: [] })}>
          <option value="">Choose one</option>
          {data.kits.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {chosen !== undefined && <p class="small muted">{chosen.description}</p>}
      {chosen !== undefined && (
        <Services
          key={kit}
          of={chosen.services}
          services={services}
          choose={(next) => change({ services: next })}
        />
      )}
    </>
  );
}

interface ServicesProps {
  readonly of: readonly KitService[];
  readonly services: readonly string[];
  readonly choose: (services: readonly string[]) => void;
}

function Services({ of, services, choose }: ServicesProps) {
  const [search, setSearch] = useState('');
  const words = search.trim().toLowerCase();
  const shown = of.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(words));
  return (
    <fieldset class="kit-services">
      <legend>Services</legend>
      <label class="search">
        <span class="visually-hidden">Search services</span>
        <Icon of={Search} size={16} />
        <input
          type="search"
          placeholder="What it is for: photos, passwords, …"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      </label>
      <ul>
        {shown.map((service) => (
          <li key={service.name} class="card">
            <ServiceChoice
              service={service}
              isOn={services.includes(service.name)}
              toggle={() =>
                choose(
                  services.includes(service.name)
                    ? services.filter((one) => one !== service.name)
                    : [...services, service.name],
                )
              }
            />
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p class="muted">No service of this kit is like that.</p>}
    </fieldset>
  );
}

function ServiceChoice({
  service,
  isOn,
  toggle,
}: {
  service: KitService;
  isOn: boolean;
  toggle: () => void;
}) {
  const { name, description, needs, options } = service;
  const settings = Object.entries(options.properties ?? {});
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={isOn} onChange={toggle} />
        <span>
          <b>{name}</b> {description}
          {needs.length > 0 && <span class="muted small"> Brings {enumerate(needs)} along.</span>}
        </span>
      </label>
      {isOn && settings.length > 0 && (
        <details>
          <summary>What can be set for it in the file, under “config”</summary>
          <dl class="settings">
            {settings.map(([key, { type, description: words = '', default: byDefault, enum: values }]) => (
              <div key={key}>
                <dt>
                  <code>{key}</code>
                  {options.required?.includes(key) === true && <b> needed</b>}
                </dt>
                <dd>
                  {words}{' '}
                  <span class="muted small">
                    {values === undefined ? type : values.map(showValue).join(', ')}
                    {byDefault !== undefined && `; default ${showValue(byDefault)}`}
                  </span>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}
