import { contradictions, versionCircles } from '../api/references/contradictions.ts';
import { KIND_OF, type Declared, type Find } from '../api/references/declared.ts';
import { isObject } from '../core/json.ts';
import { manifestKind, type ManifestKind } from './manifest-kind.ts';
import { metadataProblems, type FieldProblem } from './metadata.ts';
import type { SourceObject } from './reading.ts';
import { missingNames } from './references.ts';
import {
  compareProblems,
  fileProblem,
  formatProblem,
  shortened,
  SOURCE_LIMITS,
  type Problem,
  type Snapshot,
  type SourceFile,
} from './snapshot.ts';
import { readDocuments, type SourceDocument } from './yaml.ts';

/** The outcome of a validation. Objects are all that could be read, also when there are problems. */
export interface Validated {
  readonly objects: readonly SourceObject[];
  readonly problems: readonly Problem[];
}

/** How a set is validated. */
export interface ValidateOptions {
  /** For manifests that name none. */
  readonly namespace?: string;
  /** Hears of each file before it is parsed. */
  readonly onFile?: (path: string) => void;
}

/** What lies behind so many is not even read. */
const { problems: MAX_PROBLEMS } = SOURCE_LIMITS;

/** A document of a file, which is found again without keeping its tree. */
interface Where {
  readonly file: SourceFile;
  readonly index: number;
}

interface Taken extends Where {
  readonly object: SourceObject;
  /** What references need; undefined for kinds without, and for objects with problems. */
  readonly declared: Declared | undefined;
}

function at(document: SourceDocument, problem: FieldProblem): Problem {
  const plain = problem.message.includes('must be of type string')
    ? document.plainText(problem.field)
    : undefined;
  const cure = plain === undefined ? '' : ` (write it in quotes: "${plain}")`;
  const place = document.at(problem.field, problem.unknown === true ? 'key' : 'value');
  return { ...place, message: `${problem.field}: ${problem.message}${cure}` };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

class Validation {
  private readonly found: Problem[] = [];
  private readonly objects = new Map<string, Taken>();
  private readonly namespace: string;
  private bytes = 0;
  private stopped = false;
  /** The file that was parsed last, and its documents. */
  private open: { file: SourceFile; documents: readonly SourceDocument[] } | undefined;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  get full(): boolean {
    return this.stopped || this.found.length >= MAX_PROBLEMS;
  }

  report(...problems: readonly Problem[]): void {
    for (const problem of problems) if (!this.full) this.found.push(shortened(problem));
  }

  file(file: SourceFile): void {
    const { documents, problems } = readDocuments(file);
    this.report(...problems);
    for (const [index, document] of documents.entries()) {
      if (!this.full) this.take(document, { file, index });
    }
  }

  private take(document: SourceDocument, where: Where): void {
    const recognized = manifestKind(document.value);
    if ('problem' in recognized) return this.report(at(document, recognized.problem));
    const { kind } = recognized;
    const { object, problems } = kind.check(document.value);
    const { metadata } = document.value;
    const found = [...metadataProblems(metadata, kind), ...problems].slice(0, MAX_PROBLEMS);
    this.report(...found.map((problem) => at(document, problem)));
    const name = isObject(metadata) ? text(metadata['name']) : undefined;
    if (name === undefined) return;
    const own = isObject(metadata) ? text(metadata['namespace']) : undefined;
    const namespace = kind.namespaced ? (own ?? this.namespace) : undefined;
    const place = document.at('metadata.name');
    const json = this.bounded(JSON.stringify(object), place);
    // An object with problems is no witness against others, but it still owns its name.
    const declared =
      found.length === 0 ? declaredOf(kind, { namespace, name }, object['spec']) : undefined;
    this.add({ ...where, object: { kind: kind.kind, namespace, name, place, json }, declared });
  }

  /** The text of an object that is kept. */
  private bounded(json: string, place: SourceObject['place']): string {
    const { objects, objectBytes, objectsBytes } = SOURCE_LIMITS;
    if (json.length > objectBytes) {
      this.report({ ...place, message: `the object is larger than ${objectBytes >> 10} KiB` });
      return '';
    }
    this.bytes += json.length;
    if (this.bytes > objectsBytes) {
      this.stop(`the objects are larger than ${objectsBytes >> 20} MiB in all`);
    }
    if (this.objects.size >= objects) this.stop(`the source has more than ${objects} objects`);
    return json;
  }

  /** What lies behind is not even read. */
  private stop(message: string): void {
    this.report(fileProblem('.', message));
    this.stopped = true;
  }

  private add(taken: Taken): void {
    const { kind, namespace = '', name, place } = taken.object;
    const key = keyOf(kind, namespace, name);
    const first = this.objects.get(key)?.object.place;
    if (first === undefined) {
      this.objects.set(key, taken);
      return;
    }
    const message = `${kind} "${name}" is already declared at ${first.file}:${first.line}`;
    this.report({ ...place, message });
  }

  /** The tree of a document that was judged before. */
  private document({ file, index }: Where): SourceDocument | undefined {
    if (this.open?.file !== file) this.open = { file, documents: readDocuments(file).documents };
    return this.open.documents[index];
  }

  private references(): void {
    const all = [...this.objects.values()];
    const find: Find = ({ metadata }, role, name) =>
      this.objects.get(keyOf(KIND_OF[role], metadata.namespace, name))?.declared;
    const layers = all.flatMap(({ declared }) => declared ?? []);
    const circles = versionCircles(layers, find);
    for (const taken of all) {
      const { declared } = taken;
      if (declared === undefined || this.full) continue;
      const problems = [
        ...missingNames(declared, find),
        ...contradictions(declared, find, circles),
      ];
      for (const problem of problems) {
        const document = this.full ? undefined : this.document(taken);
        if (document !== undefined) this.report(at(document, problem));
      }
    }
  }

  finish(): Validated {
    this.references();
    const objects = [...this.objects.values()].map(({ object }) => object);
    const problems = this.found.sort(compareProblems);
    return { objects, problems };
  }
}

function keyOf(kind: string, namespace = '', name: string): string {
  return `${kind}/${namespace}/${name}`;
}

function declaredOf(
  { kind, definition }: ManifestKind,
  { namespace, name }: { readonly namespace: string | undefined; readonly name: string },
  spec: unknown,
): Declared | undefined {
  if (definition === undefined || namespace === undefined || !isChecked(spec)) return undefined;
  return { kind, metadata: { namespace, name }, spec };
}

/** The schemas of our kinds have promised the rest. */
function isChecked(spec: unknown): spec is Declared['spec'] {
  return isObject(spec);
}

/** Judges everything that a source holds, across files. Problems come in the order of the files. */
export function validateSnapshot(
  snapshot: Pick<Snapshot, 'files' | 'problems'>,
  { namespace = 'default', onFile = () => undefined }: ValidateOptions = {},
): Validated {
  const validation = new Validation(namespace);
  validation.report(...snapshot.problems);
  for (const file of snapshot.files) {
    if (validation.full) break;
    onFile(file.path);
    validation.file(file);
  }
  return validation.finish();
}

/** Problems as lines of text. */
export function problemLines(problems: readonly Problem[]): readonly string[] {
  return problems.map(formatProblem);
}
