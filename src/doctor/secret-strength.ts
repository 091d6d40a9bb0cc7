import type { KeyObject } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { DEVELOPMENT_SECRETS, readSecrets } from '../config/development-secrets.ts';
import type { Subject } from './check.ts';
import { type Finding, ok, warning } from './findings.ts';

const CHECK = 'secrets';
const GENERATE = 'run `openssl rand -base64 48`, and put the new secret in front of the old one';

type Secret = { name: string; value: string };

/** The configuration rejects secrets that are short or known. This finds those that are not random, or used twice. */
export function checkSecrets({ config }: Subject): Finding[] {
  const findings = [
    ...weakSecrets(config),
    ...repeatedSecrets(config),
    ...(config.mode === 'production' ? developmentSecrets(config) : []),
  ];
  const strong = findings.length > 0 ? [] : [ok(CHECK, 'random, and each is used for one purpose')];
  return [...strong, ...findings, ...config.auth.privateKeys.map(checkKey)];
}

function tokenSecrets({ auth }: Config): Secret[] {
  return nameEach('JWT_SECRET', auth.secrets);
}

function sessionKeySecrets(config: Config): Secret[] {
  return nameEach('SESSION_KEY_SECRET', config.sessionKeySecrets);
}

function nameEach(variable: string, values: readonly string[]): Secret[] {
  return values.map((value, i) => ({
    name: values.length > 1 ? `${variable} (number ${i + 1} of the list)` : variable,
    value,
  }));
}

/** 36 random hexadecimal digits: 40 of them have a few repeats at most. */
const MIN_BITS = 144;

function weakSecrets(config: Config): Finding[] {
  return [...tokenSecrets(config), ...sessionKeySecrets(config)].flatMap(({ name, value }) => {
    const bits = Math.round(estimateBits(value));
    if (bits >= MIN_BITS) return [];
    const message = `${name} has about ${bits} bits of randomness; it should have ${MIN_BITS} or more`;
    return [warning(CHECK, message, GENERATE)];
  });
}

/** Kinds of characters that random text is made of, smallest first. */
const ALPHABETS: readonly { pattern: RegExp; bitsPerCharacter: number }[] = [
  { pattern: /^\d+$/, bitsPerCharacter: Math.log2(10) },
  { pattern: /^([\da-f]+|[\dA-F]+)$/, bitsPerCharacter: 4 },
  // Words: English has less than 2 bits a letter.
  { pattern: /^([a-z]|[\s_.,-])+$/i, bitsPerCharacter: 2 },
  { pattern: /^[\da-z]+$/, bitsPerCharacter: Math.log2(36) },
];

/** A rough upper bound: characters that repeat an earlier sequence of three count for nothing. */
function estimateBits(secret: string): number {
  const { bitsPerCharacter = 6 } = ALPHABETS.find(({ pattern }) => pattern.test(secret)) ?? {};
  const sequences = Array.from({ length: Math.max(0, secret.length - 2) }, (_, i) => secret.slice(i, i + 3));
  return (new Set(sequences).size + 2) * bitsPerCharacter;
}

function repeatedSecrets(config: Config): Finding[] {
  const { wechat, database } = config;
  const all: Secret[] = [
    ...tokenSecrets(config),
    ...sessionKeySecrets(config),
    ...wechat.apps.map(({ appId, secret }) => ({ name: `the AppSecret of ${appId}`, value: secret })),
    ...wechat.pushes.map(({ appId, token }) => ({ name: `the push token of ${appId}`, value: token })),
    ...wechat.pushes.map(({ appId, aesKey = '' }) => ({
      name: `the EncodingAESKey of ${appId}`,
      value: aesKey,
    })),
    { name: 'the database password', value: database.dialect === 'mysql' ? database.password : '' },
  ];
  const values = [...new Set(all.map(({ value }) => value))].filter((value) => value !== '');
  return values.flatMap((value) => {
    const names = all.filter((secret) => secret.value === value).map(({ name }) => name);
    if (names.length < 2) return [];
    return [
      warning(
        CHECK,
        `the same secret is used as ${names.join(' and ')}`,
        'use different secrets: a leak exposes all',
      ),
    ];
  });
}

function developmentSecrets(config: Config): Finding[] {
  const stored = Object.values(readSecrets() ?? {});
  return [...tokenSecrets(config), ...sessionKeySecrets(config)]
    .filter(({ value }) => stored.includes(value))
    .map(({ name }) =>
      warning(CHECK, `${name} is a development secret, from ${DEVELOPMENT_SECRETS}`, GENERATE),
    );
}

function checkKey(key: KeyObject): Finding {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  return ok(
    'token-key',
    bits === undefined ? 'JWT_PRIVATE_KEY: Ed25519' : `JWT_PRIVATE_KEY: RSA of ${bits} bits`,
  );
}
