import { describe, expect, it } from 'vitest';
import type { AnsweredClass } from '../../../../shared/adapters/aliyun/error-row.ts';
import {
  classifyCode,
  cloudErrorOf,
  errorTable,
} from '../../../../shared/adapters/aliyun/error-table.ts';
import { documentedStatuses, families } from '../../../helpers/documented-codes.ts';

const expected: Record<AnsweredClass, readonly string[]> = {
  busy: [
    'VpnGateway.Configuring',
    'VpnConnection.Configuring',
    'Appliance.Configuring',
    'VpnTask.CONFLICT',
    'TaskConflict',
    'VpnRouteEntry.Configuring',
    'OperationConflict',
    'Operation.Blocking',
    'OperationFailed.DistibuteLock',
    'OperationFailed.ConcurrentOperation',
    'SystemBusy',
  ],
  throttled: [
    'Throttling',
    'Throttling.User',
    'Throttling.Api',
    'Rejected.Throttling',
    'Throttling.ConcurrentLimitExceeded',
    'Throttling.user',
  ],
  unknown_fate: [
    'InternalError',
    'UnknownError',
    'ServiceUnavailable',
    'SignatureNonceUsed',
    'LastTokenProcessing',
    'OperationFailed.LastTokenProcessing',
  ],
  invalid: [
    'InvalidName',
    'NotSupportVpnConnectionParameter.IpsecPfs',
    'NotSupportVpnConnectionParameter.IpsecAuthAlg',
    'VpnRouteEntry.AlreadyExists',
    'VpnRouteEntry.Conflict',
    'VpnRouteEntry.BackupRoute',
    'VpnRouteEntry.InvalidWeight',
    'MissingParameter.TunnelCidr',
    'OperationUnsupported.EnableBgp',
    'MissingParam.CustomerGatewayAsn',
    'IllegalParam.LocalAsn',
    'IllegalParam.BgpConfig',
    'IllegalParam.TunnelCidr',
    'InvalidLocalBgpIp.Malformed',
    'IllegalParam.LocalBgpIp',
    'IllegalParam.LocalSubnet',
    'IllegalParam.RemoteSubnet',
    'CustomerGateway.ConflictRouteEntry',
    'IllegalParam.NetworkType',
    'InvalidTunnelCidr.Malformed',
    'VpnConnection.InvalidCreateTunnelOptions',
    'InvalidVpnConnection.AlreadyExists',
    'IdempotentParameterMismatch',
    'MissingParameter',
    'InvalidParameter',
    'UnsupportedOperation',
    'UnsupportedParameter',
    'InvalidRegionId.NotFound',
    'InvalidApi.NotFound',
    'InvalidProduct.NotFound',
  ],
  quota: [
    'Resource.QuotaFull',
    'CreateDbrRoutesQuotaFull.QuotaFull',
    'CreatePbrRoutesQuotaFull.QuotaFull',
    'QuotaExceeded.PolicyBasedRoute',
    'QuotaExceeded.VpnRouteEntry',
  ],
  locked: ['VpnGateway.FinancialLocked', 'VpnConnection.FinancialLocked'],
  permission: [
    'Forbidden',
    'Forbbiden.SubUser',
    'Forbidden.RAM',
    'NoPermission',
    'Forbidden.RiskControl',
  ],
  credentials: [
    'InvalidAccessKeyId.NotFound',
    'InvalidAccessKeyId.Inactive',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
    'InvalidSignatureMethod',
    'InvalidSecurityToken.Expired',
    'InvalidSecurityToken.Malformed',
    'InvalidTimeStamp.Expired',
    'InvalidTimeStamp.Format',
  ],
  not_found: [
    'InvalidVpnConnectionInstanceId.NotFound',
    'InvalidVpnGatewayInstanceId.NotFound',
    'InvalidCustomerGatewayInstanceId.NotFound',
  ],
};

/** One sentence: what it means; what to do. */
const sentence = /^[A-Z](?!.*[.] [A-Z])[^;]{15,}; [a-z][^;]{10,}[.]$/;

const pairs = Object.entries(expected).flatMap(([name, codes]) =>
  codes.map((code) => [code, name] as const),
);

/** Status does not decide: each code keeps its class whatever it comes with. */
const statuses = [200, 302, 400, 403, 404, 409, 500, 502, 503];

describe('the error table', () => {
  it.each(pairs)('holds %s as %s, with whatever status', (code, name) => {
    const classes = statuses.map((status) => classifyCode(code, status).class);

    expect(new Set(classes)).toEqual(new Set([name]));
  });

  it('holds exactly the codes that public texts name, each once and with its status', () => {
    const rows = errorTable.filter(({ code }) => !code.includes('*'));

    expect(rows.map(({ code }) => code).sort()).toEqual([...documentedStatuses.keys()].sort());
    expect(new Map(rows.map(({ code, httpStatus }) => [code, httpStatus]))).toEqual(
      documentedStatuses,
    );
    expect(pairs.map(([code]) => code).sort()).toEqual([...documentedStatuses.keys()].sort());
  });

  it('holds exactly the families that public texts name, each once', () => {
    const rows = errorTable.filter(({ code }) => code.includes('*'));

    expect(rows.map((row) => [row.code, row.class]).sort()).toEqual(
      families.map(([pattern, , name]) => [pattern, name]).sort(),
    );
  });

  it.each(errorTable)('says of $code what it means, what to do and where it is written', (row) => {
    expect(row.message).toMatch(sentence);
    expect(row.source).not.toBe('');
    expect([null, 400, 403, 404, 500, 503]).toContain(row.httpStatus);
  });

  it.each(families)('takes what only %s covers, %s, as %s', (pattern, example, name) => {
    const row = errorTable.find(({ code }) => code === pattern);

    expect(documentedStatuses.has(example)).toBe(false);
    expect(classifyCode(example, 400)).toEqual({ class: name, message: row?.message });
  });

  it.each(families)('believes %s no status but a 4xx, flow control aside', (_, example, name) => {
    const trusted = name === 'throttled' ? 'throttled' : 'unknown_fate';

    expect([403, 404, 409].map((status) => classifyCode(example, status).class)).toEqual(
      Array(3).fill(name),
    );
    expect([200, 302, 500, 503].map((status) => classifyCode(example, status).class)).toEqual(
      Array(4).fill(trusted),
    );
  });

  it.each([
    ['Forbidden.Throttling', 'throttled'],
    ['IncorrectStatus.NotFound', 'busy'],
    ['Forbidden.User.NotFound', 'permission'],
    ['InvalidSecurityToken.NotFound', 'credentials'],
    ['InvalidParameter.NotFound', 'invalid'],
  ])('takes %s, which two families cover, as %s', (code, name) => {
    expect(classifyCode(code, 404).class).toBe(name);
  });

  it.each([
    ['IncorrectStatus', 'busy'],
    ['IncorrectStatus.VpnGateway', 'busy'],
    ['InvalidParameter.Name', 'invalid'],
    ['InvalidParameterValue', 'invalid'],
    ['IllegalParam.Something', 'invalid'],
    ['MissingParam.Something', 'invalid'],
    ['MissingRegionId', 'invalid'],
    ['UnsupportedFeature', 'invalid'],
    ['QuotaExceeded', 'quota'],
    ['QuotaExceededSomething', 'quota'],
    ['Other.QuotaFull', 'quota'],
    ['Forbidden.Something', 'permission'],
    ['InvalidSecurityToken.Something', 'credentials'],
    ['InvalidSomethingId.NotFound', 'not_found'],
    ['Throttling.Something', 'throttled'],
    ['SomeThrottlingCode', 'throttled'],
  ])('takes the unlisted %s by its family as %s', (code, name) => {
    expect(classifyCode(code, 400).class).toBe(name);
  });

  it.each([
    ['Surprise', 400, 'invalid'],
    ['InvalidSurprise', 499, 'invalid'],
    ['Surprise', 500, 'unknown_fate'],
    ['Surprise', 503, 'unknown_fate'],
    ['Surprise', 302, 'unknown_fate'],
    ['Surprise', 200, 'unknown_fate'],
    ['constructor', 500, 'unknown_fate'],
    ['toString', 400, 'invalid'],
    ['Timeout', 400, 'invalid'],
    ['ECONNREFUSED', 400, 'invalid'],
    ['vpngateway.configuring', 400, 'invalid'],
    ['SomethingForbidden.X', 400, 'invalid'],
    ['InvalidVpcIdNotFound', 404, 'invalid'],
    ['InternalError.Elsewhere', 500, 'unknown_fate'],
  ])('takes the unknown %s with HTTP %i as %s', (code, status, name) => {
    expect(classifyCode(code, status).class).toBe(name);
  });

  it.each([
    [{ kind: 'not_sent', code: 'ConnectionFailed' }, 'not_sent'],
    [{ kind: 'not_sent', code: 'CredentialsUnavailable' }, 'not_sent'],
    [{ kind: 'not_sent', code: 'ClientClosed' }, 'not_sent'],
    [{ kind: 'maybe_sent', code: 'Timeout', requestId: null }, 'unknown_fate'],
    [{ kind: 'maybe_sent', code: 'ConnectionReset', requestId: null }, 'unknown_fate'],
    [{ kind: 'maybe_sent', code: 'UnreadableAnswer', requestId: 'id' }, 'unknown_fate'],
  ] as const)('tells $0.code as $1', (answer, name) => {
    const error = cloudErrorOf(answer);

    expect(error).toEqual({
      class: name,
      code: answer.code,
      message: expect.stringMatching(sentence),
      requestId: 'requestId' in answer ? answer.requestId : null,
    });
  });
});
