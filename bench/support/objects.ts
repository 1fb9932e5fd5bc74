import { API_VERSION } from '../../src/api/kind.ts';
import type { ApiObject } from '../../src/api/object.ts';

function objectOf(kind: string, name: string, spec: unknown): ApiObject {
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace: 'default' }, spec };
}

const packaging = { connectorRef: { name: 'here' } };

/** A connector for all that is packaged. */
export const CONNECTOR = objectOf('ConnectorConfig', 'here', { local: {} });

/** An operating system of one imported version, `1`. */
export function osLayer(name: string): ApiObject {
  const disk = { file: `${name}.raw`, format: 'raw', sha256: 'a'.repeat(64) };
  return objectOf('OSLayer', name, {
    channels: { prod: '1' },
    versions: [{ name: '1', import: { disk } }],
  });
}

/** An application of one version that installs itself on version `1` of an operating system. */
export function appLayer(name: string, os: string): ApiObject {
  return objectOf('AppLayer', name, {
    osLayer: { name: os },
    packaging,
    channels: { prod: '1' },
    versions: [{ name: '1', osVersion: '1', install: { steps: [{ run: `install ${name}` }] } }],
  });
}
