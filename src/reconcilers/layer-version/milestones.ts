import type { PlannedCondition } from '../../kube/reconciler.ts';
import type { LayerVersion } from '../objects.ts';
import type { VersionWorld } from './observe.ts';

/** How far a version came, as conditions. */
export function milestones(
  version: LayerVersion,
  { stored, machine, composed, inspection }: VersionWorld,
): readonly PlannedCondition[] {
  const made: PlannedCondition[] = [];
  if (version.spec.package !== undefined) {
    if (stored !== undefined || machine !== undefined || composed) {
      made.push(done('PackagingDiskReady', 'Composed', 'the packaging disk is composed'));
    }
    if (stored !== undefined || inspection?.found.verdict === 'clean') {
      const message = 'shut down by the guest tool, and nothing blocks the capture';
      made.push(done('IntegrityVerified', 'Clean', message));
    }
  }
  if (stored !== undefined) made.push(done('Finalized', 'Stored', 'captured and stored'));
  return made;
}

function done(type: string, reason: string, message: string): PlannedCondition {
  return { type, status: 'True', reason, message };
}
