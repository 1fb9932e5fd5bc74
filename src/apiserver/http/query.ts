import { badRequest } from '../model/errors.ts';
import type { FieldValidation, Patch, PatchType, WriteOptions } from '../model/service.ts';
import { invalidOptions } from './refusals.ts';
import {
  forbiddenField,
  invalid,
  notSupported,
  required,
  tooLong,
  type FieldError,
} from '../../api/validation/field-error.ts';

/** The parameters of a request, of which the first value of each counts. */
export type Query = URLSearchParams;

/** A flag as upstream reads it: there, and neither `false` nor `0`. */
export function flag(query: Query, name: string): boolean {
  const value = query.get(name)?.toLowerCase();
  return value !== undefined && value !== 'false' && value !== '0';
}

/** A number as upstream reads it. */
export function whole(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[-+]?\d{1,15}$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

/** The kinds of options, as messages name them. */
type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

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

/** Judges the options of a patch, which depend on its format. */
export function patchFlagsOf(query: Query, type: PatchType): Pick<Patch, 'force'> {
  const errors: FieldError[] = [];
  if (type === 'apply' && !query.get('fieldManager')) {
    errors.push(required('fieldManager', 'is required for apply patch'));
  }
  if (type !== 'apply' && query.has('force')) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  if (errors.length > 0) throw invalidOptions('PatchOptions', errors);
  return type === 'apply' ? { force: flag(query, 'force') } : {};
}

/** The options of a write. */
export function writeOptionsOf(query: Query, kind: OptionsKind, userAgent?: string): WriteOptions {
  const errors = managerErrors(query.get('fieldManager'));
  if (errors.length > 0) throw invalidOptions(kind, errors);
  const fieldValidation = fieldValidationOf(query, kind);
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((value) => value !== 'All')) {
    throw invalidOptions(kind, [notSupported('dryRun', dryRun, ['All'])]);
  }
  const manager = managerOf(query.get('fieldManager'), userAgent);
  return { dryRun: dryRun.length > 0, fieldValidation, manager };
}
