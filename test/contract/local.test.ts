import { localPlatform } from '../support/local-platform.ts';
import { connectorContract } from './connector.ts';

connectorContract('local', { open: () => localPlatform() });
