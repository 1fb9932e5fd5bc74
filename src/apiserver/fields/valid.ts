import { isList, isObject } from '../../core/json.ts';
import { atomOf, fieldShape, itemElement, NoElement, type Fields } from './atom.ts';
import { fieldElement, pathText, type Element, type Path } from './element.ts';
import type { ListShape, MapShape, Scalar, Shape } from './shape.ts';

function goType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (isList(value)) return '[]interface {}';
  return isObject(value) ? 'map[string]interface {}' : typeof value;
}

function goText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isOfScalar(value: unknown, scalar: Scalar): boolean {
  if (scalar === 'numeric') return typeof value === 'number';
  if (scalar === 'untyped') return !isObject(value) && !isList(value);
  return typeof value === scalar;
}

function scalarText(value: unknown, scalar: Scalar): string {
  switch (scalar) {
    case 'numeric':
      return `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
      return `expected string, got &value.valueUnstructured{Value:${JSON.stringify(value)}}`;
    case 'boolean':
      return `expected boolean, got &{${goText(value)}}`;
    case 'untyped':
      return `expected any scalar, got &{${goText(value)}}`;
  }
}

class Validation {
  readonly errors: string[] = [];
  private readonly mayRepeat: boolean;

  constructor(mayRepeat: boolean) {
    this.mayRepeat = mayRepeat;
  }

  private add(path: Path, message: string): void {
    const where = pathText(path);
    this.errors.push(where === '' ? message : `${where}: ${message}`);
  }

  visit(value: unknown, shape: Shape, path: Path): void {
    const atom = atomOf(shape, value);
    if (value === null) return;
    if (atom.kind === 'scalar') {
      const { scalar = 'untyped' } = shape;
      if (!isOfScalar(value, scalar)) this.add(path, scalarText(value, scalar));
    } else if (atom.kind === 'list') {
      if (isList(value)) this.list(value, atom.list, path);
      else this.add(path, `expected list, got &{${goText(value)}}`);
    } else if (isObject(value)) this.map(value, atom.map, path);
    else this.add(path, `expected map, got &{${goText(value)}}`);
  }

  private list(items: readonly unknown[], list: ListShape, path: Path): void {
    const seen = new Set<Element>();
    for (const [index, item] of items.entries()) {
      const element = this.element(item, index, list, path);
      if (element === undefined) return;
      if (seen.has(element) && !this.mayRepeat) {
        this.add(path, `duplicate entries for key ${pathText([element])}`);
      }
      seen.add(element);
      this.visit(item, list.items, [...path, element]);
    }
  }

  private element(item: unknown, index: number, list: ListShape, path: Path): Element | undefined {
    if (list.isAtomic) return `i:${index}`;
    try {
      return itemElement(list, item);
    } catch (error) {
      if (!(error instanceof NoElement)) throw error;
      this.add(path, `element ${index}: ${error.message}`);
      return undefined;
    }
  }

  private map(fields: Fields, map: MapShape, path: Path): void {
    for (const [name, value] of Object.entries(fields)) {
      const below = [...path, fieldElement(name)];
      const shape = fieldShape(map, name);
      if (shape === undefined) {
        this.add(below, 'field not declared in schema');
        return;
      }
      this.visit(value, shape, below);
    }
  }
}

/**
 * What keeps a value from being merged by its shape, in Kubernetes' words; undefined: nothing. What is
 * stored may hold repeated items, from before the schema forbade them; what is applied may not.
 */
export function shapeErrors(
  value: unknown,
  shape: Shape,
  { mayRepeat }: { readonly mayRepeat: boolean },
): string | undefined {
  const validation = new Validation(mayRepeat);
  validation.visit(value, shape, []);
  const { errors } = validation;
  if (errors.length <= 1) return errors[0];
  return ['errors:', ...errors.map((error) => `  ${error}`)].join('\n');
}
