import { API_VERSION } from '../../src/api/kind.ts';
import type { Condition, ObjectMeta } from '../../src/api/object.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { StoredLayer } from '../../src/core/layer.ts';
import type {
  AppLayer,
  ImageTemplate,
  LayerVersion,
  LayeredImage,
  OSLayer,
  PackagingMachine,
} from '../../src/reconcilers/objects.ts';

/** A condition for an object under test. */
export function condition(
  type: string,
  reason: string,
  status: Condition['status'] = 'True',
): Condition {
  return {
    type,
    status,
    reason,
    message: `${type} ${reason}`,
    lastTransitionTime: '2026-01-02T03:04:05Z',
  };
}

function meta(name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...more,
  };
}

/** A digest whose digits are all the same. */
function fakeDigest(digit: string): Digest {
  return `sha256:${digit.repeat(64)}`;
}

/** A layer version in the store. */
export function storedLayer(name: string, digit = 'a'): StoredLayer {
  return {
    repository: `lamina/default/app/${name}`,
    tag: '1-00000000',
    manifest: fakeDigest(digit),
    content: fakeDigest(digit),
    sizeBytes: 1,
  };
}

/** An OS layer. */
export function osLayer(spec: OSLayer['spec'], status?: OSLayer['status']): OSLayer {
  const base = { apiVersion: API_VERSION, kind: 'OSLayer', metadata: meta('tiny'), spec };
  return status === undefined ? base : { ...base, status };
}

/** An app layer. */
export function appLayer(name: string, spec: Partial<AppLayer['spec']>): AppLayer {
  return {
    apiVersion: API_VERSION,
    kind: 'AppLayer',
    metadata: meta(name),
    spec: {
      osLayer: { name: 'tiny' },
      packaging: { connectorRef: { name: 'here' } },
      versions: [],
      ...spec,
    },
  };
}

/** A LayerVersion. */
export function layerVersion(
  name: string,
  spec: Partial<LayerVersion['spec']>,
  more: { readonly status?: LayerVersion['status']; readonly metadata?: Partial<ObjectMeta> } = {},
): LayerVersion {
  const base = {
    apiVersion: API_VERSION,
    kind: 'LayerVersion',
    metadata: meta(name, more.metadata),
    spec: {
      role: 'app' as const,
      layer: 'tool',
      version: '1',
      inputs: fakeDigest('1'),
      repository: 'lamina/default/app/tool',
      tag: '1-11111111',
      ...spec,
    },
  };
  return more.status === undefined ? base : { ...base, status: more.status };
}

/** The status of a version that is done. */
export function deployable(name: string, digit = 'a'): NonNullable<LayerVersion['status']> {
  return { conditions: [condition('Ready', 'Deployable')], stored: storedLayer(name, digit) };
}

/** A packaging machine with conditions. */
export function packagingMachine(
  conditions: readonly Condition[],
  more: Partial<ObjectMeta> = {},
): PackagingMachine {
  return {
    apiVersion: API_VERSION,
    kind: 'PackagingMachine',
    metadata: meta('apl-tool-1-11111111', more),
    spec: {
      connectorRef: { name: 'here' },
      layerVersion: 'apl-tool-1-11111111',
      key: 'lamina-apl-tool-1-11111111-0badcafe',
    },
    status: { conditions },
  };
}

/** An image template. */
export function imageTemplate(spec: Partial<ImageTemplate['spec']> = {}): ImageTemplate {
  return {
    apiVersion: API_VERSION,
    kind: 'ImageTemplate',
    metadata: meta('desk'),
    spec: {
      osLayer: { name: 'tiny', version: '1' },
      targets: [{ name: 'here', connectorRef: { name: 'here' }, provisioning: 'None' }],
      ...spec,
    },
  };
}

/** A layered image of the template above. */
export function layeredImage(
  revision: string,
  more: { readonly status?: LayeredImage['status']; readonly metadata?: Partial<ObjectMeta> } = {},
): LayeredImage {
  const base = {
    apiVersion: API_VERSION,
    kind: 'LayeredImage',
    metadata: meta(`limg-desk-here-${revision}`, more.metadata),
    spec: {
      template: 'desk',
      target: 'here',
      revision,
      connectorRef: { name: 'here' },
      provisioning: 'None' as const,
      shutdownWhenDone: true,
      key: `lamina-limg-desk-here-${revision}-0badcafe`,
      os: {
        name: 'tiny 1',
        repository: 'lamina/default/os/tiny',
        tag: '1-00000000',
        manifest: fakeDigest('a'),
      },
      layers: [],
    },
  };
  return more.status === undefined ? base : { ...base, status: more.status };
}
