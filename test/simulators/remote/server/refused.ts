import type { Refusal } from '../wire.ts';

/** A refusal that can be thrown; the server turns it into an answer. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(code: Refusal['code'], message: string) {
    super(message);
    this.refusal = { code, message };
  }
}

/** Anything thrown, as an answer. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  return { code: 'Broken', message: error instanceof Error ? error.message : String(error) };
}

/** The connection breaks before there is an answer. */
export class Cut extends Error {}
