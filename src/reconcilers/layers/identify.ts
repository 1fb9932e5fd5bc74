import type { Contradiction } from '../../api/references/contradictions.ts';
import type { LayerVersionSpec } from '../../api/kinds/layer-version.ts';
import type { Digest } from '../../core/digest.ts';
import { versionIdentity, type VersionIdentity } from '../../core/identity.ts';
import type { LayerVersion } from '../objects.ts';
import type { Entry, LayerView } from './view.ts';

/** What is known of a version that others stand on. */
export interface Upstream {
  readonly objectName: string;
  readonly inputs: Digest;
}

/** Finds a version of another layer, or says what is missing. */
export type FindUpstream = (
  role: 'os' | 'app',
  layer: string,
  version: string,
) => Upstream | undefined;

/** What an entry of a layer stands for. */
export type Identified =
  | { readonly as: 'version'; readonly identity: VersionIdentity; readonly spec: LayerVersionSpec }
  | { readonly as: 'waiting'; readonly on: string }
  | { readonly as: 'wrong'; readonly message: string };

/** How upstream versions are read from their objects. */
export function upstreamOf(version: LayerVersion): Upstream {
  return { objectName: version.metadata.name, inputs: version.spec.inputs };
}

/** Names every entry of a layer, in order. Pure; those whose references are contradictory are not followed. */
export function identify(
  view: LayerView,
  find: FindUpstream,
  contradictions: readonly Contradiction[],
): ReadonlyMap<string, Identified> {
  const known = new Map<string, Identified>();
  // The first one that is told of a version counts.
  for (const { version: name, message } of contradictions.toReversed()) {
    if (name !== undefined) known.set(name, wrong(message));
  }
  const visit = (entry: Entry): Identified => {
    const done = known.get(entry.name);
    if (done !== undefined) return done;
    const base = (name: string) => {
      const below = view.entries.find((other) => other.name === name);
      return below === undefined
        ? wrong(`version ${entry.name} starts from ${name}, which does not exist`)
        : visit(below);
    };
    const result = identifyEntry(view, entry, base, find);
    known.set(entry.name, result);
    return result;
  };
  return new Map(view.entries.map((entry) => [entry.name, visit(entry)]));
}

function wrong(message: string): Identified {
  return { as: 'wrong', message };
}

function identifyEntry(
  view: LayerView,
  entry: Entry,
  base: (name: string) => Identified,
  find: FindUpstream,
): Identified {
  if (entry.import !== undefined) {
    const { format, sha256 } = entry.import;
    return version(view, entry, { import: { format, sha256 } }, { import: { ...entry.import } });
  }
  if (view.connector === undefined) {
    return wrong(`version ${entry.name} is packaged, but spec.packaging names no connector`);
  }
  return view.role === 'os' ? onOwnBase(view, entry, base) : onOtherLayers(view, entry, find);
}

function onOwnBase(view: LayerView, entry: Entry, base: (name: string) => Identified): Identified {
  if (entry.from === undefined) return wrong(`version ${entry.name} has neither import nor from`);
  const below = base(entry.from);
  if (below.as !== 'version') return below;
  const { objectName, inputs } = below.identity;
  return packaged(view, entry, { objectName, inputs }, []);
}

function onOtherLayers(view: LayerView, entry: Entry, find: FindUpstream): Identified {
  const { osLayer = '' } = view;
  const os = find('os', osLayer, entry.osVersion ?? '');
  if (os === undefined)
    return { as: 'waiting', on: `OSLayer/${osLayer} version ${entry.osVersion}` };
  const below: Upstream[] = [];
  for (const wanted of entry.prerequisites) {
    const found = find('app', wanted.name, wanted.version);
    if (found === undefined)
      return { as: 'waiting', on: `AppLayer/${wanted.name} version ${wanted.version}` };
    below.push(found);
  }
  return packaged(view, entry, os, below);
}

function packaged(
  view: LayerView,
  entry: Entry,
  os: Upstream,
  below: readonly Upstream[],
): Identified {
  // Where it is packaged, what a person is told, who approves and what opens a server do not decide the bytes.
  const frozen = {
    os: os.inputs,
    below: below.map((item) => item.inputs),
    install: withoutSecretRefs(entry.install),
    imageScripts: entry.imageScripts,
  };
  return version(view, entry, frozen, {
    package: {
      connectorRef: { name: view.connector ?? '' },
      os: os.objectName,
      below: below.map((item) => item.objectName),
      gates: entry.gates,
      ...(entry.install === undefined ? {} : { install: entry.install }),
      ...(entry.instructions === undefined ? {} : { instructions: entry.instructions }),
    },
  });
}

/** What is installed, without the names of Secrets: the digest of a file says which it is. */
function withoutSecretRefs(install: Entry['install']): Entry['install'] {
  if (install?.media === undefined) return install;
  const media = install.media.map(({ name, url, sha256 }) => ({ name, url, sha256 }));
  return { ...install, media };
}

function version(
  view: LayerView,
  entry: Entry,
  frozen: unknown,
  rest: Pick<LayerVersionSpec, 'import' | 'package'>,
): Identified {
  const identity = versionIdentity({
    namespace: view.namespace,
    role: view.role,
    layer: view.name,
    version: entry.name,
    frozen,
    ...(view.role === 'platform' && entry.osVersion !== undefined
      ? { onOsVersion: entry.osVersion }
      : {}),
  });
  const { inputs, repository, tag } = identity;
  const spec: LayerVersionSpec = {
    role: view.role,
    layer: view.name,
    version: entry.name,
    inputs,
    repository,
    tag,
    ...rest,
    ...(entry.imageScripts.length === 0 ? {} : { imageScripts: entry.imageScripts }),
  };
  return { as: 'version', identity, spec };
}
