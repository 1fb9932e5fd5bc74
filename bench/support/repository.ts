import type { ApiObject } from '../../src/api/object.ts';
import { appLayer, imageTemplate, osLayer } from './objects.ts';

const OS_LAYERS = 10;
/** One object in so many is a template. */
const TEMPLATE_SHARE = 10;
/** One application in so many needs another one while it is packaged. */
const NEEDY_SHARE = 20;

const osName = (index: number) => `os-${index % OS_LAYERS}`;
const appName = (index: number) => `app-${index}`;

function appOf(index: number): ApiObject {
  const isNeedy = index % NEEDY_SHARE === 0 && index >= OS_LAYERS;
  // So many further up is an application of the same operating system.
  return appLayer(appName(index), osName(index), isNeedy ? [appName(index - OS_LAYERS)] : []);
}

/** Three to five applications of one operating system, by version and by channel in turn. */
function templateOf(index: number, apps: number): ApiObject {
  const group = Math.floor(apps / OS_LAYERS);
  const layers = Array.from({ length: 3 + (index % 3) }, (_, i) => {
    const place = (index * 7 + i) % group;
    const name = appName(place * OS_LAYERS + (index % OS_LAYERS));
    return i % 2 === 0 ? { name, version: '1' } : { name, channel: 'prod' };
  });
  const name = osName(index);
  const round = Math.floor(index / OS_LAYERS);
  const systems = [
    { name, version: '1' },
    { name, channel: 'prod' },
    { name, version: '2' },
    { name, channel: 'test' },
  ];
  return imageTemplate(
    `image-${index}`,
    systems[round % systems.length] ?? { name, version: '1' },
    layers,
  );
}

/** All that people write: so many objects, a tenth of them templates, ten operating systems, applications. */
export function repositoryOf(size: number): readonly ApiObject[] {
  const templates = size / TEMPLATE_SHARE;
  const apps = size - templates - OS_LAYERS;
  return [
    ...Array.from({ length: OS_LAYERS }, (_, i) => osLayer(osName(i))),
    ...Array.from({ length: apps }, (_, i) => appOf(i)),
    ...Array.from({ length: templates }, (_, i) => templateOf(i, apps)),
  ];
}
