import { isObject } from '../../core/json.ts';
import { badRequest } from '../model/errors.ts';
import type {
  DeleteOptions,
  FieldValidation,
  ListOptions,
  PatchType,
  PropagationPolicy,
  Selection,
  WatchOptions,
  WriteOptions,
} from '../model/service.ts';
import { invalidOptions } from './refusals.ts';
import type { FieldError } from '../model/resource.ts';
import { invalid, notSupported, required, tooLong } from '../../api/validation/field-error.ts';

/** The parameters of a request, of which the first value of each counts. */
export type Query = URLSearchParams;

/** A flag as upstream reads it: there, and neither `false` nor `0`. */
export function flag(query: Query, name: string): boolean {
  const value = query.get(name)?.toLowerCase();
  return value !== undefined && value !== 'false' && value !== '0';
}

function whole(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text)) {
    throw badRequest(`the parameter ${name} is not a whole number: ${JSON.stringify(text)}`);
  }
  return value;
}

/** The option that a parameter stands for, if it is there and not empty. */
function text<Option>(
  query: Query,
  name: string,
  option: (value: string) => Option,
): Option | undefined {
  const value = query.get(name);
  return value === null || value === '' ? undefined : option(value);
}

function versionOptionsOf(query: Query) {
  return {
    ...text(query, 'resourceVersion', (resourceVersion) => ({ resourceVersion })),
    ...text(query, 'resourceVersionMatch', (resourceVersionMatch) => ({ resourceVersionMatch })),
  };
}

/** Which objects are meant. */
export function selectionOf(query: Query): Selection {
  return {
    ...text(query, 'labelSelector', (labelSelector) => ({ labelSelector })),
    ...text(query, 'fieldSelector', (fieldSelector) => ({ fieldSelector })),
  };
}

/** The options of a list. */
export function listOptionsOf(query: Query): ListOptions {
  const limit = whole(query, 'limit');
  return {
    ...selectionOf(query),
    ...(limit === undefined || limit === 0 ? {} : { limit }),
    ...versionOptionsOf(query),
    ...text(query, 'continue', (token) => ({ continue: token })),
  };
}

/** Watches end after this time if the client sets none, so that load spreads again. */
const WATCH_MS = 2_700_000;

/** The options of a watch. */
export function watchOptionsOf(query: Query, signal: AbortSignal | undefined): WatchOptions {
  const seconds = whole(query, 'timeoutSeconds');
  const initial = query.get('sendInitialEvents');
  return {
    ...selectionOf(query),
    ...versionOptionsOf(query),
    ...(initial === null ? {} : { sendInitialEvents: flag(query, 'sendInitialEvents') }),
    allowBookmarks: flag(query, 'allowWatchBookmarks'),
    timeoutMs: seconds === undefined || seconds === 0 ? WATCH_MS : seconds * 1000,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** The kinds of options, as messages name them. */
type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

function dryRunOf(values: readonly string[], kind: OptionsKind): boolean {
  if (values.some((value) => value !== 'All')) {
    throw invalidOptions(kind, [notSupported('dryRun', values, ['All'])]);
  }
  return values.length > 0;
}

const FIELD_VALIDATIONS: readonly FieldValidation[] = ['Ignore', 'Strict', 'Warn'];

function fieldValidationOf(query: Query, kind: OptionsKind): FieldValidation | undefined {
  const value = query.get('fieldValidation');
  if (value === null || value === '') return undefined;
  const found = FIELD_VALIDATIONS.find((word) => word === value);
  if (found !== undefined) return found;
  const words = ['', ...FIELD_VALIDATIONS];
  throw invalidOptions(kind, [notSupported('fieldValidation', value, words)]);
}

const MAX_MANAGER_BYTES = 128;

/** What Go does not print: everything but letters, marks, numbers, punctuation, symbols and the space. */
const UNPRINTED = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** The manager that a client without a word about it is: the first part of its User-Agent. */
function managerOf(manager: string | null, userAgent = ''): string {
  if (manager !== null && manager !== '') return manager;
  let text = '';
  for (const character of userAgent.replace(/\/.*$/s, '')) {
    if (UNPRINTED.test(character)) continue;
    if (Buffer.byteLength(text + character) > MAX_MANAGER_BYTES) break;
    text += character;
  }
  return text;
}

function managerErrors(manager: string | null): readonly FieldError[] {
  if (manager === null) return [];
  const field = 'fieldManager';
  const long = Buffer.byteLength(manager) > MAX_MANAGER_BYTES;
  const odd = Array.from(manager).filter((character) => UNPRINTED.test(character));
  return [
    ...(long ? [tooLong(field, MAX_MANAGER_BYTES)] : []),
    ...odd.map((character) => {
      const position = Buffer.byteLength(manager.slice(0, manager.indexOf(character)));
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      return invalid(field, manager, `invalid character U+${code} (at position ${position})`);
    }),
  ];
}

/** The options of a patch that other writes do not have. */
export interface PatchFlags {
  readonly force?: boolean;
}

/** Judges the options of a patch, which depend on its format. */
export function patchFlagsOf(query: Query, type: PatchType): PatchFlags {
  const errors: FieldError[] = [];
  if (type === 'apply' && !query.get('fieldManager')) {
    const message = 'Required value: is required for apply patch';
    errors.push({ ...required('fieldManager'), message });
  }
  if (type !== 'apply' && query.has('force')) {
    const message = 'Forbidden: may not be specified for non-apply patch';
    errors.push({ field: 'force', type: 'FieldValueForbidden', message });
  }
  if (errors.length > 0) throw invalidOptions('PatchOptions', errors);
  return type === 'apply' ? { force: flag(query, 'force') } : {};
}

/** The options of a write. */
export function writeOptionsOf(query: Query, kind: OptionsKind, userAgent?: string): WriteOptions {
  const errors = managerErrors(query.get('fieldManager'));
  if (errors.length > 0) throw invalidOptions(kind, errors);
  const fieldValidation = fieldValidationOf(query, kind);
  return {
    dryRun: dryRunOf(query.getAll('dryRun'), kind),
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
    manager: managerOf(query.get('fieldManager'), userAgent),
  };
}

const POLICIES: readonly PropagationPolicy[] = ['Background', 'Foreground', 'Orphan'];

function stringField(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badRequest(`${name} in DeleteOptions must be a string`);
  return value;
}

function preconditionsOf(value: unknown): DeleteOptions['preconditions'] {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw badRequest('preconditions in DeleteOptions must be a map');
  const uid = stringField(value, 'uid');
  const resourceVersion = stringField(value, 'resourceVersion');
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function dryRunList(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badRequest('dryRun in DeleteOptions must be a list');
  return value.map(String);
}

function policyOf(value: string): PropagationPolicy | undefined {
  if (value === '') return undefined;
  const found = POLICIES.find((word) => word === value);
  if (found !== undefined) return found;
  throw invalidOptions('DeleteOptions', [notSupported('propagationPolicy', value, POLICIES)]);
}

/** The options of a delete: from the body where it has them, else from the query. */
export function deleteOptionsOf(
  query: Query,
  body: Readonly<Record<string, unknown>>,
): DeleteOptions {
  const { kind } = body;
  if (kind !== undefined && kind !== 'DeleteOptions') {
    throw badRequest('the body of a delete must be DeleteOptions');
  }
  const named = stringField(body, 'propagationPolicy') ?? query.get('propagationPolicy');
  const orphan = body['orphanDependents'] === true || flag(query, 'orphanDependents');
  const policy = policyOf(named ?? (orphan ? 'Orphan' : ''));
  const preconditions = preconditionsOf(body['preconditions']);
  return {
    dryRun: dryRunOf([...query.getAll('dryRun'), ...dryRunList(body['dryRun'])], 'DeleteOptions'),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(preconditions === undefined ? {} : { preconditions }),
  };
}
