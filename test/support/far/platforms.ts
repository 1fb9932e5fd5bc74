import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '../../../src/connectors/connector.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { run } from '../../../src/host/run.ts';
import type { PlatformOf } from '../../../src/main/platforms.ts';
import { remotePlatform } from '../../simulators/remote/client/platform.ts';

/** The environment variable that says where the far platform is. */
export const FAR_VARIABLE = 'LAMINA_TEST_FAR';

/** What it says. The password is in a Secret. */
export interface Far {
  readonly url: string;
  readonly mode: 'machine' | 'artefact';
}

/** ConnectorConfigs of this name lead to the far platform, all others to this host. */
export const FAR_CONNECTOR = 'far';
/** The Secret with the credential. */
export const FAR_SECRET = 'far-login';

/** The platforms of a process that also knows the far one. */
export function withFar(local: PlatformOf, installId: string, workDir: string): PlatformOf {
  const far = JSON.parse(process.env[FAR_VARIABLE] ?? '{}') as Far;
  const scratchDir = join(workDir, 'far');
  mkdirSync(scratchDir, { recursive: true });
  const options = { installId, clock: systemClock, log: silentLog, run, scratchDir, pollMs: 200 };
  const platform = remotePlatform(options) as Platform<unknown>;
  const spec = { ...far, secret: FAR_SECRET, memoryMiB: 256 };
  return (config) => (config.metadata.name === FAR_CONNECTOR ? { platform, spec } : local(config));
}
