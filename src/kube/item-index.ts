/**
 * Items by values that are read off them. A change costs as much as the item has values, a look as
 * much as it finds: neither grows with the number of items.
 */
export class ItemIndex<Item> {
  private readonly of: (item: Item) => readonly string[];
  private readonly byValue = new Map<string, Map<string, Item>>();
  /** What each item was filed under, so that it is found there again whatever `of` says then. */
  private readonly valuesOf = new Map<string, readonly string[]>();

  constructor(of: (item: Item) => readonly string[]) {
    this.of = of;
  }

  get(value: string): readonly Item[] {
    return [...(this.byValue.get(value)?.values() ?? [])];
  }

  add(key: string, item: Item): void {
    const values = this.of(item);
    if (values.length === 0) return;
    this.valuesOf.set(key, values);
    for (const value of values) {
      const items = this.byValue.get(value);
      if (items === undefined) this.byValue.set(value, new Map([[key, item]]));
      else items.set(key, item);
    }
  }

  remove(key: string): void {
    for (const value of this.valuesOf.get(key) ?? []) {
      const items = this.byValue.get(value);
      items?.delete(key);
      if (items?.size === 0) this.byValue.delete(value);
    }
    this.valuesOf.delete(key);
  }
}
