import { BlockList, isIP } from 'node:net';

/** What no server for files has as its address, and why. What is more special comes first. */
const KINDS: readonly (readonly [what: string, networks: readonly string[]])[] = [
  [
    'a metadata service',
    [
      '169.254.169.254/32',
      '100.100.100.200/32',
      '168.63.129.16/32',
      '192.0.0.192/32',
      'fd00:ec2::254/128',
      'fd20:ce::254/128',
    ],
  ],
  ['the machine itself', ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  ['reserved', ['240.0.0.0/4']],
];

const NAMES: ReadonlyMap<string, string> = new Map([
  ['localhost', 'the machine itself'],
  ['metadata.google.internal', 'a metadata service'],
  ['metadata.goog', 'a metadata service'],
]);

/** The networks of IPv6 that lead to one of IPv4: mapped, compatible, NAT64 and 6to4. */
function inIpv6(network: string, bits: number): readonly (readonly [string, number])[] {
  const hex = Buffer.from(network.split('.').map(Number)).toString('hex');
  const words = `${hex.slice(0, 4)}:${hex.slice(4)}`;
  return [
    [`::ffff:${words}`, 96 + bits],
    [`::${words}`, 96 + bits],
    [`64:ff9b::${words}`, 96 + bits],
    [`2002:${words}::`, 16 + bits],
  ];
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [network = '', bits] of networks.map((text) => text.split('/'))) {
    if (isIP(network) === 4) {
      list.addSubnet(network, Number(bits), 'ipv4');
      for (const [wide, more] of inIpv6(network, Number(bits))) list.addSubnet(wide, more, 'ipv6');
    } else list.addSubnet(network, Number(bits), 'ipv6');
  }
  return list;
}

const LISTS = KINDS.map(([what, networks]) => [what, listOf(networks)] as const);

/**
 * What an address is, where it is none from which a file may be fetched for somebody else: they would reach
 * what trusts this machine. Undefined for all others, those of private networks included.
 */
export function localAddress(address: string): string | undefined {
  const [plain = ''] = address.split('%');
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  return LISTS.find(([, list]) => list.check(plain, family))?.[0];
}

/** The same for the host of a URL, as far as it can be told without asking for its address. */
export function localHost(hostname: string): string | undefined {
  const name = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  if (isIP(name) !== 0) return localAddress(name);
  return name.endsWith('.localhost') ? NAMES.get('localhost') : NAMES.get(name);
}
