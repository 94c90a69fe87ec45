import type { ContainerInfo } from 'dockerode';
import { compareText, own } from '../../../base/values.ts';
import type { ComposeProject, ProjectContainer } from '../../../ports/adopt/compose-projects.ts';
import type { Engine } from '../engine/engine.ts';
import { COMPOSE, LABEL } from '../labels.ts';

/** Every Compose project of the engine, by name. What a stack of ours has made alone is one as well: Compose shows it so. */
export async function findProjects(engine: Engine, signal: AbortSignal): Promise<readonly ComposeProject[]> {
  const all = await engine.containersOfProject(null, signal);
  const lasting = all.filter(({ Labels }) => Labels[`${COMPOSE}.oneoff`] !== 'True');
  const byProject = Map.groupBy(lasting, ({ Labels }) => Labels[`${COMPOSE}.project`] ?? '');
  return [...byProject]
    .filter(([name]) => name !== '')
    .map(([name, containers]) => toProject(name, containers))
    .sort((a, b) => compareText(a.name, b.name));
}

function toProject(name: string, containers: readonly ContainerInfo[]): ComposeProject {
  // Containers of ours tell where Compose finds the project, or the root where they never were Compose's.
  const made = containers.filter(({ Labels }) => Labels[LABEL.stack] === undefined);
  const placed = containers.filter(({ Labels }) => (Labels[`${COMPOSE}.project.working_dir`] ?? '/') !== '/');
  const [newest] = (made.length > 0 ? made : placed).toSorted((a, b) => b.Created - a.Created);
  const told = (label: string) => own(newest?.Labels, `${COMPOSE}.${label}`) || undefined;
  const stacks = new Set(containers.map(({ Labels }) => Labels[LABEL.stack]));
  const [stack] = stacks;
  return {
    name,
    directory: told('project.working_dir') ?? null,
    files: (told('project.config_files') ?? '').split(',').filter((path) => path.startsWith('/')),
    containers: containers.map(toContainer).sort(byService),
    stack: stacks.size === 1 ? (stack ?? null) : null,
  };
}

function toContainer({ Labels, Names, Id, Image, State }: ContainerInfo): ProjectContainer {
  return {
    service: Labels[`${COMPOSE}.service`] ?? '',
    number: Number(Labels[`${COMPOSE}.container-number`] ?? 1) || 1,
    name: Names.find((one) => one.lastIndexOf('/') === 0)?.slice(1) ?? Id,
    image: Image,
    state: State,
  };
}

function byService(a: ProjectContainer, b: ProjectContainer): number {
  return compareText(a.service, b.service) || a.number - b.number;
}
