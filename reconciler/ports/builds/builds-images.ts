import type { RegistryCredentials } from '../../model/registry.ts';
import type { ContentFile } from '../../model/resource.ts';

/** An image that is built for nobody in particular, out of files of any repository. */
export interface ImageBuild {
  /** 24 hex digits; the image is called by it until it is pushed. */
  readonly id: string;
  /** The context; paths below it. */
  readonly files: readonly ContentFile[];
  readonly readBlob: (blob: string) => Promise<Uint8Array>;
  /** Path of the Dockerfile below the context. */
  readonly dockerfile: string;
  /** Values are taken out of what is printed, whatever they are called. */
  readonly args: Readonly<Record<string, string>>;
  /** Credentials for what it is built from; those of other registries are not lent. */
  readonly registries: readonly RegistryCredentials[];
  /** A line that the builder prints; `step` is `2/4` where it begins one. */
  readonly onLine: (text: string, step: string | null) => void;
}

export interface ImagePush {
  /** Id of the build. */
  readonly id: string;
  /** `hub.example.org/team/app:1` */
  readonly reference: string;
  readonly registry: RegistryCredentials;
  readonly onLine: (text: string) => void;
}

export interface LeftBuild extends Pick<ImagePush, 'id'> {
  /** Name that a push may have left on the engine, where it was cut short; `null`: none was, and names are as they should be. */
  readonly reference: string | null;
}

/** Builds images that others run, and pushes them. */
export interface BuildsImages {
  /** Resolves to the size in bytes. Throws BUILD_FAILED with the last words of the step that failed. */
  buildImage(build: ImageBuild, signal: AbortSignal): Promise<number | null>;
  /**
   * Resolves to the digest, `sha256:…`. The name stays on the engine only where it was there before. Throws REGISTRY_UNAUTHORIZED, BUILD_FAILED.
   */
  pushImage(push: ImagePush, signal: AbortSignal): Promise<string>;
  /** Takes away what a build has left: its image, unless that has another name. What is gone is no error. */
  dropBuild(build: LeftBuild, signal: AbortSignal): Promise<void>;
}
