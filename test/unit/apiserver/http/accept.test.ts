import { negotiate, wantsAggregated } from '../../../../src/apiserver/http/accept.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PARTIAL = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

describe('negotiation', () => {
  it.each([
    { accept: undefined, form: 'object', why: 'nothing asked' },
    { accept: '', form: 'object', why: 'an empty header' },
    { accept: '*/*', form: 'object', why: 'curl' },
    { accept: 'application/json, */*', form: 'object', why: 'kubectl -o yaml' },
    {
      accept: `${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`,
      form: 'table',
      why: 'kubectl get',
    },
    { accept: `${PROTOBUF},application/json`, form: 'object', why: 'typed Go clients' },
    {
      accept: `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,${PARTIAL},application/json`,
      form: 'partial',
      why: 'metadata informers of Go',
    },
    {
      accept: `application/json;q=0.1,${TABLE};q=0.9`,
      form: 'table',
      why: 'weights count, not the order',
    },
    { accept: `${TABLE};q=0,application/json`, form: 'object', why: 'weight 0 comes last' },
    {
      accept: 'application/json;as=Table;v=v2;g=meta.k8s.io,application/json',
      form: 'object',
      why: 'a version that does not exist',
    },
  ])('$why gives $form', ({ accept, form }) => {
    expect(negotiate(accept, 'PartialObjectMetadataList')).toEqual({ form, version: 'v1' });
  });

  it.each([PROTOBUF, 'text/html', 'application/yaml', 'application/json;as=Chair;g=x;v=v1'])(
    'refuses %s alone with 406',
    (accept) => {
      expect(() => negotiate(accept, 'PartialObjectMetadata')).toThrow(
        'only the following media types are accepted',
      );
    },
  );

  it('offers bare metadata of one object, and of a list, only where they belong', () => {
    expect(() => negotiate(PARTIAL, 'PartialObjectMetadata')).toThrow('media types');
  });
});

describe('discovery', () => {
  const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  it.each([
    { accept: `${v2},application/json`, aggregated: true },
    {
      accept: `application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io`,
      aggregated: true,
    },
    { accept: `application/json,${v2}`, aggregated: false },
    { accept: undefined, aggregated: false },
    {
      accept:
        'application/json;g=apidiscovery.k8s.io;v=v1;as=APIGroupDiscoveryList,application/json',
      aggregated: false,
    },
  ])('is aggregated for $accept: $aggregated', ({ accept, aggregated }) => {
    expect(wantsAggregated(accept)).toBe(aggregated);
  });
});
