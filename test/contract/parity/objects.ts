/* Paths and bodies that cases are made of. */

const CORE = '/api/v1';
const HERE = `${CORE}/namespaces/{ns}`;
const OURS = '/apis/lamina.dev/v1alpha1';

/** Collections in the namespace of the case. */
export const CONFIG_MAPS = `${HERE}/configmaps`;
export const SECRETS = `${HERE}/secrets`;
export const EVENTS = `${HERE}/events`;
export const LEASES = '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases';
export const NAMESPACES = `${CORE}/namespaces`;
export const OS_LAYERS = `${OURS}/namespaces/{ns}/oslayers`;
export const APP_LAYERS = `${OURS}/namespaces/{ns}/applayers`;
export const CONNECTORS = `${OURS}/namespaces/{ns}/connectorconfigs`;
export const MACHINES = `${OURS}/namespaces/{ns}/packagingmachines`;
export const TEMPLATES = `${OURS}/namespaces/{ns}/imagetemplates`;

type Fields = Readonly<Record<string, unknown>>;

/** A ConfigMap; `more` replaces its fields, `metadata` is added to its name. */
export function configMap(name: string, more: Fields = {}, metadata: Fields = {}): Fields {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, ...more };
}

/** A reference to a ConfigMap that owns something. */
export function owner(name: string, uid: string, more: Fields = {}): Fields {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...more };
}

/** A Secret. */
export function secret(name: string, more: Fields = {}, metadata: Fields = {}): Fields {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, ...metadata }, ...more };
}

/** A Namespace. */
export function namespace(name: string, more: Fields = {}, metadata: Fields = {}): Fields {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata }, ...more };
}

/** A Lease. */
export function lease(name: string, spec: Fields = {}, metadata: Fields = {}): Fields {
  const metadataOf = { name, ...metadata };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: metadataOf, spec };
}

/** An Event about a ConfigMap. */
export function event(name: string, more: Fields = {}): Fields {
  const involvedObject = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: '{ns}' };
  return { apiVersion: 'v1', kind: 'Event', metadata: { name }, involvedObject, ...more };
}

/** An OSLayer that all rules accept; `spec` is added to its spec. */
export function osLayer(name: string, spec: Fields = {}, metadata: Fields = {}): Fields {
  const disk = { file: 'os.raw', format: 'raw', sha256: 'ab'.repeat(32) };
  return {
    apiVersion: 'lamina.dev/v1alpha1',
    kind: 'OSLayer',
    metadata: { name, ...metadata },
    spec: { versions: [{ name: '1', import: { disk } }], ...spec },
  };
}

/** An AppLayer that all rules accept. */
export function appLayer(name: string, spec: Fields = {}, metadata: Fields = {}): Fields {
  return {
    apiVersion: 'lamina.dev/v1alpha1',
    kind: 'AppLayer',
    metadata: { name, ...metadata },
    spec: {
      osLayer: { name: 'win11' },
      packaging: { connectorRef: { name: 'lab' } },
      versions: [{ name: '1', osVersion: '1' }],
      ...spec,
    },
  };
}
