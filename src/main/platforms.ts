import type { Platform } from '../connectors/connector.ts';
import { localPlatform } from '../connectors/local/platform.ts';
import type { LocalOptions } from '../connectors/local/settings.ts';
import { digestOf, type Digest } from '../core/digest.ts';
import type { ConnectorConfig } from '../reconcilers/objects.ts';

/** The platform that a ConnectorConfig names, and the part of its spec that this platform reads. */
export type PlatformOf = (config: ConnectorConfig) => {
  readonly platform: Platform<unknown>;
  readonly spec: unknown;
};

/** All that follows from a ConnectorConfig without asking anybody. */
export interface ConnectorPlace {
  readonly platform: Platform<unknown>;
  readonly spec: unknown;
  /** Jobs carry it: another one than was planned for ends them. */
  readonly location: Digest;
  /** Name of the Secret, in the same namespace, that holds the credential. */
  readonly secret?: string;
}

/** Names a location among all platforms; the same for every ConnectorConfig that leads there. */
function locationDigest(platform: Platform<unknown>, spec: unknown): Digest {
  return digestOf({ platform: platform.name, location: platform.locate(spec).location });
}

/** Where a ConnectorConfig leads. */
export function connectorPlace(config: ConnectorConfig, platformOf: PlatformOf): ConnectorPlace {
  const { platform, spec } = platformOf(config);
  const { secret } = platform.locate(spec);
  const location = locationDigest(platform, spec);
  return { platform, spec, location, ...(secret === undefined ? {} : { secret }) };
}

/** The platforms of a process that has only this host. */
export function localPlatformOf(options: LocalOptions): PlatformOf {
  const platform = localPlatform(options);
  return ({ spec }) => ({ platform, spec: spec.local });
}
