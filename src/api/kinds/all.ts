import type { KindDefinition } from '../kind.ts';
import { appLayer } from './app-layer.ts';
import { connectorConfig } from './connector-config.ts';
import { imageTemplate } from './image-template.ts';
import { layerVersion } from './layer-version.ts';
import { layeredImage } from './layered-image.ts';
import { osLayer } from './os-layer.ts';
import { packagingMachine } from './packaging-machine.ts';
import { platformLayer } from './platform-layer.ts';

/** Every kind of ours, in the order of the documentation. */
export const KINDS: readonly KindDefinition[] = [
  connectorConfig,
  osLayer,
  platformLayer,
  appLayer,
  imageTemplate,
  layerVersion,
  packagingMachine,
  layeredImage,
];
