import type { LayerVersion } from '../../src/reconcilers/objects.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import type { Controlled } from './controlled.ts';
import { atMost, rounded, type Figure } from './figures.ts';

const VERSIONS = resourceOf('LayerVersion');

/** What a write to the status of an OS version sets in motion. */
async function passesAfter(system: Controlled, version: LayerVersion, status: unknown) {
  await system.ask('look');
  await system.client.mergePatch(VERSIONS, version.metadata, { status }, { subresource: 'status' });
  await system.ask('rest');
  const { passes, seconds, ownStallMs, writes } = await system.ask('tell');
  const counts = Object.entries(passes).map(([name, { count }]) => `${name} ${count}`);
  return {
    value: Object.values(passes).reduce((sum, { count }) => sum + count, 0),
    unit: 'passes',
    beside: `${counts.join(', ')}; ${Object.values(writes).reduce((a, b) => a + b, 0)} writes, at rest after ${rounded(seconds * 1000)} ms, longest stall by own work ${rounded(ownStallMs)} ms`,
  };
}

async function osVersion({ client }: Controlled): Promise<LayerVersion> {
  const { items } = await client.list<LayerVersion>(VERSIONS);
  const found = items.find(({ spec }) => spec.role === 'os' && spec.version === '1');
  if (found === undefined) throw new Error('there is no OS version');
  return found;
}

/** Whom one write to the status of an OS version wakes: one that means nothing, and one that means a lot. */
export async function wakes(system: Controlled): Promise<readonly Figure[]> {
  const version = await osVersion(system);
  const foreign = {
    type: 'example.com/Scanned',
    status: 'True',
    reason: 'Clean',
    message: 'no finding',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const conditions = [...(version.status?.conditions ?? []), foreign];
  const nothing = await passesAfter(system, version, { conditions });
  // The controllers find it in the store again: dependants hear of both.
  const everything = await passesAfter(system, version, { stored: null });
  return [
    { what: 'an OS version gets a condition that nobody reads', ...nothing, ...atMost(2) },
    { what: 'an OS version is no longer stored, then stored again', ...everything },
  ];
}
