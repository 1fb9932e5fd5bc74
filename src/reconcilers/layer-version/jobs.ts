import type { Digest } from '../../core/digest.ts';
import type { LayerIdentity, LayerPointer } from '../../core/layer.ts';
import type { DiskSeen } from '../../connectors/connector.ts';
import type { CaptureJob, ComposeJob, ImportJob, InspectJob, JobPlaces } from '../../jobs/spec.ts';
import type { LayerVersion } from '../objects.ts';

function identityOf(version: LayerVersion): LayerIdentity {
  const { role, layer, version: name, repository, tag, inputs } = version.spec;
  // The object's own birth: a rerun of the job writes the same bytes.
  const created = version.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z';
  return { role, name: layer, version: name, repository, tag, inputs: inputs as Digest, created };
}

/** The import of a version; undefined where this controller imports no files. */
export function importJob(
  places: JobPlaces,
  version: LayerVersion,
  importRoot: string | undefined,
): ImportJob | undefined {
  const disk = version.spec.import;
  if (disk === undefined || importRoot === undefined) return undefined;
  return { kind: 'import', places, layer: identityOf(version), importRoot, ...disk };
}

/** Everything below a version that is in the store. */
export interface Inputs {
  readonly os: LayerPointer;
  readonly deltas: readonly LayerPointer[];
}

/** The composition of its packaging disk. */
export function composeJob(
  places: JobPlaces,
  key: string,
  version: LayerVersion,
  { os, deltas }: Inputs,
): ComposeJob {
  const { layer, version: name, package: made } = version.spec;
  const install = made?.install;
  return {
    kind: 'compose',
    places,
    key,
    os: pointerOf(os),
    deltas: deltas.map(pointerOf),
    task: {
      role: 'package',
      title: `${layer} ${name}`,
      steps: install?.steps ?? [],
      media: install?.media ?? [],
      unattended: install !== undefined,
      ...(made?.instructions === undefined ? {} : { instructions: made.instructions }),
    },
  };
}

/** The inspection of what its machine left. */
export function inspectJob(places: JobPlaces, key: string, machineDisk: DiskSeen): InspectJob {
  const { path, format } = machineDisk;
  return { kind: 'inspect', places, key, machineDisk: { path, format } };
}

/** The capture of what changed. */
export function captureJob(
  places: JobPlaces,
  key: string,
  version: LayerVersion,
  { os, deltas, disk }: Inputs & { readonly disk: DiskSeen },
): CaptureJob {
  const { path, format } = disk;
  return {
    kind: 'capture',
    places,
    key,
    layer: identityOf(version),
    machineDisk: { path, format },
    os: pointerOf(os),
    requires: deltas.map(pointerOf),
  };
}

function pointerOf({ repository, tag, manifest }: LayerPointer): LayerPointer {
  return { repository, tag, manifest };
}
