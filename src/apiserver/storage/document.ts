import type { Document, KubeObject } from '../objects/types.ts';

/** A document that is parsed when somebody first looks inside. */
class LazyDocument implements Document {
  readonly json: string;
  private parsed: KubeObject | undefined;

  constructor(json: string, parsed?: KubeObject) {
    this.json = json;
    this.parsed = parsed;
  }

  get object(): KubeObject {
    this.parsed ??= JSON.parse(this.json) as KubeObject;
    return this.parsed;
  }
}

/** The document of a stored text. */
export function documentOfText(json: string): Document {
  return new LazyDocument(json);
}

/** The document of an object that is about to be stored or answered. */
export function documentOf(object: KubeObject): Document {
  return new LazyDocument(JSON.stringify(object), object);
}
