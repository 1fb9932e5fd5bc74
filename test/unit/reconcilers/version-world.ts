import type { Inspection } from '../../../src/core/evidence.ts';
import type { JobSpec, JobState } from '../../../src/jobs/spec.ts';
import type { JobView } from '../../../src/reconcilers/job-step.ts';
import type { Standing } from '../../../src/reconcilers/machine/standing.ts';
import type { VersionWorld } from '../../../src/reconcilers/layer-version/observe.ts';
import { layerVersion, packagingMachine, storedLayer } from '../../support/objects.ts';

const NAME = 'apl-tool-1-11111111';
const install = { steps: [{ run: 'true' }] };
const made = {
  connectorRef: { name: 'here' },
  os: 'osl-tiny-1-00000000',
  below: [],
  gates: [],
};
export const unattended = layerVersion(NAME, { package: { ...made, install } });
export const attended = layerVersion(NAME, { package: { ...made, instructions: 'Install it.' } });
export const gated = layerVersion(NAME, { package: { ...made, install, gates: ['Finalize'] } });
export const imported = layerVersion(NAME, {
  import: { file: 'a.raw', format: 'raw', sha256: 'a'.repeat(64) },
});

export const NOW = Date.parse('2026-01-01T10:00:00Z');
const HOUR = 3_600_000;

export function job(state?: JobState): JobView {
  const disk = { file: 'a', format: 'raw' as const, sha256: 'b' };
  const spec = { kind: 'import', key: 'key', ...disk } as unknown as JobSpec;
  return { spec, state };
}
export const running: JobState = { state: 'running', step: 'reading', percent: 47 };
export function failed(consequence: 'Impossible' | 'Transient', retryAt = 0): JobState {
  const failure = { consequence, code: 'X', message: 'it broke', hint: 'Mend it.' };
  return { state: 'failed', failure, attempts: 1, retryAt };
}

const machine = packagingMachine([]);
const seen = {
  id: 'm',
  power: 'off' as const,
  text: 'There.',
  boot: '7',
  bootedAt: NOW - HOUR,
};
const nothing = { machines: [], disks: [], publications: [], copies: [] };
export const look = {
  connected: true,
  seen: { known: true, things: nothing },
  can: { published: 'file', runsScripts: true, heartbeat: true, proven: 'live' },
  operation: undefined,
  isListed: false,
} as const;

export const world: VersionWorld = {
  key: 'key',
  stored: undefined,
  below: [{ name: 'osl-tiny-1-00000000', stored: storedLayer('tiny') }],
  importsFiles: true,
  composition: 'c-1',
  composed: false,
  machine: undefined,
  seats: { limit: 4, used: 0, isNext: true },
  usable: true,
  look,
  standing: { at: 'diskless' },
  inspection: undefined,
  description: undefined,
  hasJobs: false,
  inspected: false,
  hasEvidence: false,
  jobs: { compose: job() },
};
export function at(standing: Standing, more: Partial<VersionWorld> = {}): VersionWorld {
  return { ...world, machine, standing, ...more };
}
export const isOn = (more: object = {}) =>
  at({ at: 'running', machine: { ...seen, power: 'on', heardAt: NOW, ...more } });
export const ended = at({ at: 'ended', machine: seen }, { jobs: { inspect: job() } });
export function inspected(found: Inspection, attestation = 'sha256:1'): VersionWorld {
  const inspection = { key: 'key', composition: 'c-1', boot: '7', attestation, found, at: NOW };
  return { ...ended, inspection, jobs: { ...ended.jobs, capture: job() } };
}
const { inspection: _, ...undone } = inspected({ verdict: 'clean' });
/** A machine that died while it wrote. */
export const damaged: VersionWorld = {
  ...undone,
  inspection: {
    key: 'key',
    composition: 'c-1',
    boot: '7',
    found: { verdict: 'blocked', reasons: [{ reason: 'damaged', cure: 'Repair it.' }] },
    at: NOW,
  },
};
export const unattestedWorld = inspected({ verdict: 'unattested', hint: 'It lost its power.' });
export const startedOver = (count: number, by = 'uid-before') => ({
  ...unattended,
  status: { attempts: { count, ended: by } },
});
