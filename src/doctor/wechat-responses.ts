import { isIP } from 'node:net';
import { parseObject } from '../common/json.ts';
import { errcodeMeaning } from '../wechat/errcodes.ts';
import { type HttpResponse, networkErrorCode, TIMED_OUT } from '../wechat/http-pool.ts';
import { accessTokenPayload, statusPayload } from '../wechat/payloads.ts';
import { errcodeError } from '../wechat/wechat-error.ts';
import { type Finding, failed, ok, warning } from './findings.ts';

const CHECK = 'wechat';
const NOT_WECHAT = 'check what stands between this server and WeChat: a proxy, a firewall, or WECHAT_API_URL';

/** Says what a response of stable_token means. It quotes nothing of it but numbers, an IP address and WeChat's request id. */
export function explainResponse({ status, text }: HttpResponse): Finding {
  if (status !== 200) return failed(CHECK, `HTTP status ${status}, which WeChat never sends`, NOT_WECHAT);
  const json = parseObject(text.replace(/^\ufeff/, ''));
  const parsed = statusPayload.safeParse(json);
  if (!json || !parsed.success) return failed(CHECK, 'the response is not that of WeChat', NOT_WECHAT);
  const { errcode = 0, errmsg } = parsed.data;
  if (errcode !== 0) return explainErrcode(errcode, errmsg ?? '');
  if (!accessTokenPayload.safeParse(json).success)
    return failed(CHECK, 'the response has no access_token', NOT_WECHAT);
  return ok(CHECK, 'WeChat accepts the AppID, the AppSecret and the IP address of this server');
}

function explainErrcode(errcode: number, errmsg: string): Finding {
  const { remedy } = errcodeMeaning('stable_token', errcode);
  const { rid } = errcodeError('stable_token', errcode, errmsg);
  const address = addressIn(errmsg);
  const details = [
    ...(address === undefined ? [] : [`WeChat sees the IP address ${address}`]),
    ...(rid === undefined ? [] : [`rid ${rid}`]),
  ];
  const message = [`errcode ${errcode}`, ...details].join(', ');
  return remedy === undefined
    ? warning(CHECK, message, 'WeChat fails for the moment: run this again in a minute')
    : failed(CHECK, message, remedy);
}

/**
 * The caller's address: `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist`, as SDK users report it. An
 * IPv6 address may stand alone.
 */
function addressIn(errmsg: string): string | undefined {
  const words = errmsg.split(/[\s,]+/).filter((word) => isIP(word) > 0);
  return words.find((word) => isIP(word) === 4) ?? words[0];
}

type NetworkFailure = { codes: RegExp; reason: string; remedy: string };

const FIREWALL = 'allow outgoing connections of this machine to WeChat: firewall, security group, NAT';

/** By the code of Node or undici. */
const NETWORK_FAILURES: readonly NetworkFailure[] = [
  {
    codes: /^(ENOTFOUND|EAI_\w+)$/,
    reason: 'its name cannot be resolved',
    remedy: 'check the DNS settings of this machine, and WECHAT_API_URL if it is set',
  },
  { codes: /^ECONNREFUSED$/, reason: 'the connection was refused', remedy: FIREWALL },
  { codes: /^(TIMED_OUT|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, reason: 'timed out', remedy: FIREWALL },
  { codes: /^(EHOSTUNREACH|ENETUNREACH)$/, reason: 'there is no route to it', remedy: FIREWALL },
  {
    codes: /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_)/,
    reason: 'its certificate is invalid',
    remedy:
      'check the clock of this machine; if a proxy of your network replaces certificates, set NODE_EXTRA_CA_CERTS to its CA',
  },
  {
    codes: /^(EPROTO|ERR_SSL_)/,
    reason: 'it does not speak TLS',
    remedy: 'check the protocol and port of WECHAT_API_URL, and proxies of your network',
  },
  {
    codes: /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/,
    reason: 'the connection was closed',
    remedy: FIREWALL,
  },
];

export function explainNetworkFailure(error: unknown): { reason: string; remedy: string } {
  const code = networkErrorCode(error);
  const { reason, remedy } = NETWORK_FAILURES.find(({ codes }) => codes.test(code)) ?? {
    reason: 'the exchange failed',
    remedy: NOT_WECHAT,
  };
  return { reason: code === TIMED_OUT ? reason : `${reason} (${code})`, remedy };
}
