import { Failure } from '../../../../src/core/failure.ts';
import { checkName, listingOf, sortOut, type Look } from './look.ts';
import type { Listing } from '../wire.ts';
import type { Line } from './platform.ts';

/** What is so now under a key. What has its name and is not ours is a Conflict. */
export async function lookAt(
  { http, options }: Line,
  key: string,
  signal: AbortSignal,
): Promise<Look & { readonly listing: Listing }> {
  const path = `/things?key=${encodeURIComponent(checkName(key))}`;
  const listing = listingOf(await http.ask({ method: 'GET', path, signal }));
  const look = sortOut(listing.things, options.installId, key);
  const [stranger] = look.strangers;
  if (stranger === undefined) return { ...look, listing };
  throw new Failure({
    consequence: 'Conflict',
    code: 'NotOurs',
    message: `the ${stranger.kind} ${key} on ${http.url} was not made by this installation`,
    hint: 'Rename or remove it there, if it is not needed.',
  });
}
