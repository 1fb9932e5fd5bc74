import type { Document, StoredObject } from '../model/object.ts';

/** A document that is parsed when somebody first looks inside. */
class LazyDocument implements Document {
  readonly json: string;
  private parsed: StoredObject | undefined;

  constructor(json: string, parsed?: StoredObject) {
    this.json = json;
    this.parsed = parsed;
  }

  get object(): StoredObject {
    this.parsed ??= JSON.parse(this.json) as StoredObject;
    return this.parsed;
  }
}

/** The document of a stored text. */
export function documentOfText(json: string): Document {
  return new LazyDocument(json);
}

/** The document of an object that is about to be stored or answered. */
export function documentOf(object: StoredObject): Document {
  return new LazyDocument(JSON.stringify(object), object);
}
