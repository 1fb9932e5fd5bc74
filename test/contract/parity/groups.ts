import type { Group } from './case.ts';
import { APPLYING } from './cases/applying.ts';
import { BUILTINS } from './cases/builtins.ts';
import { DEFINITION_CASES } from './cases/definitions.ts';
import { DELETING } from './cases/deleting.ts';
import { EVENT_CASES } from './cases/events.ts';
import { METADATA } from './cases/metadata.ts';
import { NAMESPACE_CASES } from './cases/namespaces.ts';
import { PATCHING } from './cases/patching.ts';
import { PROTOBUF_BODIES } from './cases/protobuf.ts';
import { READING } from './cases/reading.ts';
import { SUBRESOURCES } from './cases/subresources.ts';
import { VALIDATION } from './cases/validation.ts';
import { WATCHING } from './cases/watching.ts';
import { WIRE } from './cases/wire.ts';

/** All cases, as the checklist of the embedded API groups them. */
export const GROUPS: readonly Group[] = [
  METADATA,
  READING,
  WATCHING,
  PATCHING,
  APPLYING,
  VALIDATION,
  SUBRESOURCES,
  DELETING,
  NAMESPACE_CASES,
  BUILTINS,
  EVENT_CASES,
  PROTOBUF_BODIES,
  DEFINITION_CASES,
  WIRE,
];
