/** The jobs of each external key, so that nobody has to go through all jobs. */
export class NamesByKey {
  private readonly names = new Map<string, Set<string>>();

  of(key: string): readonly string[] {
    return [...(this.names.get(key) ?? [])];
  }

  add(key: string, name: string): void {
    const known = this.names.get(key);
    if (known === undefined) this.names.set(key, new Set([name]));
    else known.add(name);
  }

  remove(key: string, name: string): void {
    const known = this.names.get(key);
    known?.delete(name);
    if (known?.size === 0) this.names.delete(key);
  }
}
