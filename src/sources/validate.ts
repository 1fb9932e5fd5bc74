import { isObject } from '../core/json.ts';
import { manifestKind, type ManifestKind } from './manifest-kind.ts';
import { metadataProblems, type FieldProblem } from './metadata.ts';
import { circularVersions, referenceProblems, type Declared } from './references.ts';
import { compareProblems, formatProblem, type Problem, type Snapshot } from './snapshot.ts';
import { readDocuments, type SourceDocument } from './yaml.ts';

/** An object that a source declares, ready to be applied. */
export interface SourceObject {
  readonly manifestKind: ManifestKind;
  /** Undefined for kinds that have no namespace. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** Pruned and defaulted; its metadata is as written. */
  readonly object: Readonly<Record<string, unknown>>;
  readonly document: SourceDocument;
}

/** The outcome of a validation. Objects are all that could be read, also when there are problems. */
export interface Validated {
  readonly objects: readonly SourceObject[];
  readonly problems: readonly Problem[];
}

/** More than anybody puts right at once; what lies behind is not even read. */
const MAX_PROBLEMS = 200;

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
  readonly problems: Problem[] = [];
  private readonly objects = new Map<string, SourceObject>();
  private readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  get full(): boolean {
    return this.problems.length >= MAX_PROBLEMS;
  }

  take(document: SourceDocument): void {
    const recognized = manifestKind(document.value);
    if ('problem' in recognized) {
      this.problems.push(at(document, recognized.problem));
      return;
    }
    const { kind } = recognized;
    const { object, problems } = kind.check(document.value);
    const { metadata } = document.value;
    const found = [...metadataProblems(metadata, kind), ...problems];
    this.problems.push(...found.map((problem) => at(document, problem)));
    const name = isObject(metadata) ? text(metadata['name']) : undefined;
    if (name === undefined) return;
    const own = isObject(metadata) ? text(metadata['namespace']) : undefined;
    const namespace = kind.namespaced ? (own ?? this.namespace) : undefined;
    this.add({ manifestKind: kind, namespace, name, object, document }, found.length === 0);
  }

  private add(object: SourceObject, good: boolean): void {
    const key = keyOf(object.manifestKind.kind, object.namespace ?? '', object.name);
    const first = this.objects.get(key);
    if (first === undefined) {
      // An object with problems is no witness against others, but it still owns its name.
      this.objects.set(key, good ? object : { ...object, object: {} });
      return;
    }
    const place = first.document.at('metadata.name');
    const where = `${place.file}:${place.line}`;
    const message = `${object.manifestKind.kind} "${object.name}" is already declared at ${where}`;
    this.problems.push({ ...object.document.at('metadata.name'), message });
  }

  private find(kind: string, namespace: string, name: string): Declared | undefined {
    const found = this.objects.get(keyOf(kind, namespace, name));
    return found === undefined ? undefined : declared(found);
  }

  finish(): Validated {
    const objects = [...this.objects.values()];
    const all = objects.flatMap((object) => declared(object) ?? []);
    const set = {
      circles: circularVersions(all),
      find: (kind: string, namespace: string, name: string) => this.find(kind, namespace, name),
    };
    for (const object of objects) {
      const subject = declared(object);
      if (subject === undefined || this.full) continue;
      const problems = referenceProblems(subject, set);
      this.problems.push(...problems.map((problem) => at(object.document, problem)));
    }
    const problems = this.problems.slice(0, MAX_PROBLEMS).sort(compareProblems);
    return { objects, problems };
  }
}

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

function declared({ manifestKind, namespace, name, object }: SourceObject): Declared | undefined {
  const { spec } = object;
  if (namespace === undefined || !isObject(spec)) return undefined;
  return { kind: manifestKind.kind, namespace, name, spec };
}

/** Judges everything that a source holds, across files. Problems come in the order of the files. */
export function validateSnapshot(snapshot: Snapshot, namespace = 'default'): Validated {
  const validation = new Validation(namespace);
  validation.problems.push(...snapshot.problems);
  for (const file of snapshot.files) {
    if (validation.full) break;
    const { documents, problems } = readDocuments(file);
    validation.problems.push(...problems);
    for (const document of documents) validation.take(document);
  }
  return validation.finish();
}

/** Problems as lines of text. */
export function problemLines(problems: readonly Problem[]): readonly string[] {
  return problems.map(formatProblem);
}
