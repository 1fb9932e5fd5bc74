import { localHost } from '../../../src/host/local-address.ts';
import { describe, expect, it } from '../../support/runner.ts';

const hostOf = (host: string) => new URL(`http://${host}/`).hostname;

// The ranges are those of IANA's registries of special-purpose addresses, RFC 6890.
describe('what no server for files is', () => {
  it.each([
    { why: 'the loopback', host: '127.0.0.1', what: 'the machine itself' },
    { why: 'all of the loopback', host: '127.8.9.1', what: 'the machine itself' },
    { why: 'the loopback in short', host: '127.1', what: 'the machine itself' },
    { why: 'the loopback as a number', host: '2130706433', what: 'the machine itself' },
    { why: 'the loopback in octal', host: '0177.0.0.01', what: 'the machine itself' },
    { why: 'the loopback in hex', host: '0x7f.0.0.1', what: 'the machine itself' },
    { why: 'wide digits', host: '１２７.0.0.1', what: 'the machine itself' },
    { why: 'the loopback of IPv6', host: '[::1]', what: 'the machine itself' },
    { why: 'the loopback, mapped', host: '[::ffff:127.0.0.1]', what: 'the machine itself' },
    { why: 'the loopback, mapped in hex', host: '[::ffff:7f00:1]', what: 'the machine itself' },
    { why: 'the loopback, compatible', host: '[::127.0.0.1]', what: 'the machine itself' },
    { why: 'no address at all', host: '0.0.0.0', what: 'the machine itself' },
    { why: 'no address, mapped', host: '[::ffff:0.0.0.0]', what: 'the machine itself' },
    { why: 'no address of IPv6', host: '[::]', what: 'the machine itself' },
    { why: 'the name of the loopback', host: 'LocalHost', what: 'the machine itself' },
    { why: 'its full name', host: 'localhost.', what: 'the machine itself' },
    { why: 'a name below it', host: 'x.localhost', what: 'the machine itself' },
    { why: 'metadata', host: '169.254.169.254', what: 'a metadata service' },
    { why: 'metadata as a number', host: '2852039166', what: 'a metadata service' },
    { why: 'metadata, mapped', host: '[::ffff:169.254.169.254]', what: 'a metadata service' },
    { why: 'metadata by NAT64', host: '[64:ff9b::a9fe:a9fe]', what: 'a metadata service' },
    { why: 'metadata by 6to4', host: '[2002:a9fe:a9fe::1]', what: 'a metadata service' },
    { why: 'metadata of IPv6', host: '[fd00:ec2::254]', what: 'a metadata service' },
    { why: 'metadata by name', host: 'metadata.google.internal', what: 'a metadata service' },
    { why: 'a neighbour without an address', host: '169.254.7.7', what: 'link-local' },
    { why: 'such a one of IPv6', host: '[fe80::1]', what: 'link-local' },
    { why: 'its last', host: '[febf::1]', what: 'link-local' },
    { why: 'many', host: '239.1.1.1', what: 'multicast' },
    { why: 'many of IPv6', host: '[ff02::1]', what: 'multicast' },
    { why: 'everybody', host: '255.255.255.255', what: 'reserved' },
  ])('is $why: $host', ({ host, what }) => {
    expect(localHost(hostOf(host))).toBe(what);
  });

  it.each(['10.0.0.1', '172.16.0.1', '192.168.1.1', '8.8.8.8', '[fd12::1]', '[2001:db8::1]'])(
    'is not %s',
    (host) => {
      expect(localHost(hostOf(host))).toBeUndefined();
    },
  );

  it.each(['repo.example', 'localhost.example', 'notlocalhost'])(
    'is not by its name %s',
    (host) => {
      expect(localHost(hostOf(host))).toBeUndefined();
    },
  );
});
