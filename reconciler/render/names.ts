import type { Position } from '../base/diagnostic.ts';
import type { DocumentPath } from '../base/document-path.ts';
import type { NetworkModel, ServiceModel, VolumeModel } from '../config/kombination/kombination.ts';
import type { YamlDocument } from '../config/yaml-document.ts';

/** Finds lines; `key` (the default) points at the name of a thing rather than at its content. */
export type PositionOf = (path: DocumentPath, at?: 'key' | 'value') => Position;

/** Places in a document of this file, or in the files it adopts. */
export function createPositionOf(document: YamlDocument, file: string): PositionOf {
  return (path, at = 'key') => {
    const { line, column, file: own = file } = document.position(path, at);
    return { file: own, line, column };
  };
}

/** Networks a container joins; none in host or none mode. */
export function networksOf(service: ServiceModel): NonNullable<ServiceModel['networks']> {
  if (service.networkMode !== undefined) return [];
  return service.networks ?? [{ name: 'default', aliases: [], path: service.path }];
}

/** `<stack>_<network or volume>` unless the document names it otherwise. */
export function engineName(
  stack: string,
  name: string,
  model: NetworkModel | VolumeModel | undefined,
): string {
  return model?.name ?? (model?.external ? name : `${stack}_${name}`);
}
