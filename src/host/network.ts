import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { denied } from '../core/failure.ts';
import { localAddress, localHost } from './local-address.ts';

/** Where files may be fetched from whose addresses other people wrote. */
export interface Network {
  /** Connects to no address that is refused, whatever its name was a moment ago; behind a proxy, that one judges. */
  readonly dispatcher: Dispatcher;
  /** What a host is, if nothing is fetched from it; undefined if it may be asked. */
  refused(hostname: string): string | undefined;
  /** Ends what is under way: a fetch that was given up may hold its connection, and nobody waits for that. */
  close(): Promise<void>;
}

/** Finds all addresses of a name, as `lookup` of node:dns. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** How the network is used. */
export interface NetworkOptions {
  /** Also loopback, link-local and metadata addresses. */
  readonly allowLocal: boolean;
  /** The system's by default. */
  readonly resolve?: Resolve;
  /** How long a server may say nothing; a minute by default. */
  readonly patienceMs?: number;
}

/** What to do where an address is refused. */
export const ALLOW_LOCAL =
  'Put the file on a server of your network, or start the controller with --allow-local-media.';

/** Judges the addresses that are really connected to, so that a name may change its mind as it likes. */
function judging(resolve: Resolve, allowLocal: boolean): LookupFunction {
  return (host, options, done) =>
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const good = found.filter(({ address }) => allowLocal || localAddress(address) === undefined);
      const [first] = good;
      if (first !== undefined) {
        return options.all === true ? done(null, good) : done(null, first.address, first.family);
      }
      const what = found.map(({ address }) => `${address} (${localAddress(address)})`).join(', ');
      const message = `${host} is refused: it leads to ${what === '' ? 'no address' : what}`;
      return done(denied('AddressRefused', message, ALLOW_LOCAL), []);
    });
}

/** The network as the environment describes it, proxies and certificate authorities included. */
export function openNetwork(options: NetworkOptions): Network {
  const { allowLocal, resolve = lookup, patienceMs = 60_000 } = options;
  const dispatcher = new EnvHttpProxyAgent({
    connect: { lookup: judging(resolve, allowLocal) },
    headersTimeout: patienceMs,
    bodyTimeout: patienceMs,
  });
  return {
    dispatcher,
    refused: (hostname) => (allowLocal ? undefined : localHost(hostname)),
    close: () => dispatcher.destroy(),
  };
}
