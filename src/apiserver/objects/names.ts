import {
  invalid as invalidValue,
  required,
  type FieldError,
} from '../../api/validation/field-error.ts';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const VALUE = `(${QUALIFIED})?`;

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

const LABEL_WHOLE = whole(LABEL);
const SUBDOMAIN_WHOLE = whole(SUBDOMAIN);
const QUALIFIED_WHOLE = whole(QUALIFIED);
const VALUE_WHOLE = whole(VALUE);

const SUBDOMAIN_TEXT = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_TEXT = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const QUALIFIED_TEXT = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;
const VALUE_TEXT = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${VALUE}')`;

function lengthProblems(text: string, limit: number, unit = 'characters'): readonly string[] {
  return Buffer.byteLength(text) > limit ? [`must be no more than ${limit} ${unit}`] : [];
}

function subdomainProblems(text: string): readonly string[] {
  const tooLong = lengthProblems(text, 253);
  // The pattern never sees text above the bound.
  if (tooLong.length > 0 || SUBDOMAIN_WHOLE.test(text)) return tooLong;
  return [SUBDOMAIN_TEXT];
}

function dnsLabelProblems(text: string): readonly string[] {
  const tooLong = lengthProblems(text, 63);
  if (tooLong.length > 0 || LABEL_WHOLE.test(text)) return tooLong;
  return [SUBDOMAIN_WHOLE.test(text) ? 'must not contain dots' : LABEL_TEXT];
}

/** How Kubernetes names what it judges, and counts its letters; labels have words of their own. */
interface Wording {
  readonly what: string;
  readonly unit: string;
}

const QUALIFIED_NAME: Wording = { what: 'a qualified name', unit: 'characters' };
const LABEL_KEY: Wording = { what: 'a valid label key', unit: 'bytes' };

/** What is wrong with a text as the key of a label. */
export function labelKeyProblems(text: string): readonly string[] {
  return qualifiedNameProblems(text, LABEL_KEY);
}

/** What is wrong with a text as the key of an annotation, or as a finalizer. */
export function qualifiedNameProblems(
  text: string,
  { what, unit }: Wording = QUALIFIED_NAME,
): readonly string[] {
  const slash = text.lastIndexOf('/');
  const [prefix, name] =
    slash < 0 ? [undefined, text] : [text.slice(0, slash), text.slice(slash + 1)];
  if (prefix?.includes('/') === true) {
    return [
      `${what} ${QUALIFIED_TEXT.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') return [...problems, 'name part must be non-empty', QUALIFIED_TEXT];
  const tooLong = lengthProblems(name, 63, unit).map((problem) => `name part ${problem}`);
  if (tooLong.length > 0 || QUALIFIED_WHOLE.test(name)) return [...problems, ...tooLong];
  return [...problems, QUALIFIED_TEXT];
}

/** What is wrong with a text as the value of a label. */
export function labelValueProblems(text: string): readonly string[] {
  const tooLong = lengthProblems(text, 63, 'bytes');
  if (tooLong.length > 0 || VALUE_WHOLE.test(text)) return tooLong;
  return [VALUE_TEXT];
}

/** Field errors for the problems of one value. */
export function fieldErrors(
  field: string,
  value: string,
  problems: readonly string[],
): readonly FieldError[] {
  return problems.map((problem) => invalidValue(field, value, problem));
}

/** What is wrong with the beginning of a name that the server ends. */
export function generateNameErrors(prefix: string, isLabel: boolean): readonly FieldError[] {
  // A hyphen at the end is followed by a letter.
  const text = prefix.replace(/-$/, 'a');
  const problems = isLabel ? dnsLabelProblems(text) : subdomainProblems(text);
  return fieldErrors('metadata.generateName', prefix, problems);
}

/** What is wrong with the name of an object. */
export function nameErrors(name: string, isLabel: boolean): readonly FieldError[] {
  if (name === '') return [required('metadata.name', 'name or generateName is required')];
  const problems = isLabel ? dnsLabelProblems(name) : subdomainProblems(name);
  return fieldErrors('metadata.name', name, problems);
}
