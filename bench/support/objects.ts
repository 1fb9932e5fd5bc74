import { API_VERSION } from '../../src/api/kind.ts';
import type { ApiObject } from '../../src/api/object.ts';

function objectOf(kind: string, name: string, spec: unknown): ApiObject {
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace: 'default' }, spec };
}

const packaging = { connectorRef: { name: 'here' } };

/** A connector for all that is packaged and published. */
export const CONNECTOR = objectOf('ConnectorConfig', 'here', { local: {} });

/** An operating system: version `1` is imported, `2` is made from it. */
export function osLayer(name: string): ApiObject {
  const disk = { file: `${name}.raw`, format: 'raw', sha256: 'a'.repeat(64) };
  return objectOf('OSLayer', name, {
    packaging,
    channels: { prod: '1', test: '2' },
    versions: [
      { name: '1', import: { disk } },
      { name: '2', from: '1', install: { steps: [{ run: `update ${name}` }] } },
    ],
  });
}

/** An application of one version that installs itself on version `1` of an operating system. */
export function appLayer(name: string, os: string, needs: readonly string[] = []): ApiObject {
  const install = { steps: [{ run: `install ${name}` }] };
  const prerequisites = needs.map((needed) => ({ name: needed, version: '1' }));
  return objectOf('AppLayer', name, {
    osLayer: { name: os },
    packaging,
    channels: { prod: '1' },
    versions: [{ name: '1', osVersion: '1', install, prerequisites }],
  });
}

/** How a template names a layer. */
type Reference =
  | { readonly name: string; readonly version: string }
  | { readonly name: string; readonly channel: string };

/** An image of an operating system with some applications, for one target. */
export function imageTemplate(
  name: string,
  os: Reference,
  appLayers: readonly Reference[],
): ApiObject {
  const targets = [{ name: 'disk', ...packaging, provisioning: 'None' }];
  return objectOf('ImageTemplate', name, { osLayer: os, appLayers, targets });
}
